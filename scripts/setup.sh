#!/bin/sh
# Brings what package-lock.json names into node_modules (the pinned Node among it), once per change of the lock file.
set -eu
cd "$(dirname "$0")/.."

if ! command -v npm >/dev/null 2>&1; then
  echo "setup: npm is not installed; install Node.js (20 or later) with npm, then run this again" >&2
  exit 1
fi
mark=node_modules/.package-lock.json
if [ ! -e "$mark" ] || [ package-lock.json -nt "$mark" ] || [ ! -x node_modules/.bin/node ]; then
  echo "setup: installing the npm packages that package-lock.json names" >&2
  npm ci --loglevel=error >&2
  touch "$mark"
fi
