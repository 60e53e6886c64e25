#!/bin/sh
# Brings the libraries that an executable for arm64 needs to run under user-mode emulation, once, and prints the directory that
# stands for its root:
#
#   qemu-aarch64 -L "$(sh lab/arm64-libraries.sh)" EXECUTABLE
#
# They are of Debian 12, whose glibc is older than that of most nodes. Nothing of it is run to build it. Needs root, as mmdebstrap does.
set -eu

lab=$(dirname "$0")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kairos-sysext/lab
root=$cache/arm64-libraries-$(sha256sum "$0" | cut -c 1-16)
if [ -e "$root" ]; then
  echo "$root"
  exit 0
fi
mkdir -p "$cache"
exec 9>"$cache/arm64-libraries.lock"
flock 9
if [ ! -e "$root" ]; then
  rm -rf --one-file-system "$root.part"
  # The machine's own way to reach its mirror.
  aptopts=$root.part.apt.conf
  trap 'rm -f "$aptopts"' EXIT
  apt-config dump | grep -E '^Acquire::(http|https|ftp|Check-|Retries)' >"$aptopts" || true
  mmdebstrap --quiet --mode=root --architectures=arm64 --variant=extract --include=libc6,libstdc++6 --aptopt="$aptopts" \
    bookworm "$root.part" "$(sh "$lab/debian-mirror.sh")" >&2 9>&-
  mv "$root.part" "$root"
fi
echo "$root"
