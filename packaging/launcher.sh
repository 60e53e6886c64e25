#!/bin/sh
# Runs the program under the name that it was called by, with the Node beside it, or else the system's.
self=$(readlink -f "$0")
root=${self%/bin/*}
node=$root/bin/node
[ -x "$node" ] || node=node
# A small young generation frees the buffers of a stream early: less memory, and faster than with the default.
# It has its whole size from the beginning, so that what ends soon ends without collecting garbage.
exec "$node" --min-semi-space-size=2 --max-semi-space-size=2 "$root/lib/bundle/main.js" "${0##*/}" "$@"
