#!/bin/sh
# Runs a program of erofs-utils 1.8, which Debian 13 has, on this machine.
# Usage: erofs-utils.sh PROGRAM ARGUMENT...
set -eu
root=$(sh "$(dirname "$0")/../lab/systemd-root.sh")
program=$1
shift
exec "$root/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/$program" "$@"
