#!/bin/sh
# Builds a Debian root, once, and prints its path.
#
#   lab/systemd-root.sh [trixie|bookworm]
#
# trixie (Debian 13, systemd 257) is the reference that test/oracle compares with, run by in-systemd-root.sh, and what test/vm boots.
# bookworm (Debian 12, systemd 252) is an old node to boot.
# It lives outside the checkout under a name derived from this file, so that a change here builds it anew.
set -eu

if [ "$(id -u)" -ne 0 ]; then
  echo "systemd-root: building a Debian root needs root rights (mounts, device nodes, other owners); run this as root" >&2
  exit 1
fi
for command in mmdebstrap flock apt-get; do
  if ! command -v "$command" >/dev/null 2>&1; then
    echo "systemd-root: $command is not installed; on a Debian machine run scripts/debian-packages.sh first" >&2
    exit 1
  fi
done
if [ "$(dpkg --print-architecture)" != amd64 ]; then
  echo "systemd-root: the lab is made for amd64 machines; this one is $(dpkg --print-architecture)" >&2
  exit 1
fi

suite=${1:-trixie}
case $suite in
  # The tools under comparison, what they load at run time (libcryptsetup, libtss2 are dlopened), and what the
  # virtual machine boots and serves: kernel, initrd, boot loader, firmware, a web server.
  trixie)
    packages=attr,cryptsetup-bin,dmsetup,e2fsprogs,erofs-utils,fdisk,kmod,libcap2-bin,libcryptsetup12
    packages=$packages,linux-image-cloud-amd64,mkosi,openssl,ovmf,python3-virt-firmware,systemd,systemd-container,systemd-repart
    packages=$packages,systemd-sysv,udev,zstd
    packages=$packages,dosfstools,dracut-core,login,mtools,nginx-light,sbsigntool,systemd-boot-efi,systemd-ukify
    ;;
  bookworm)
    packages=dmsetup,dracut-core,e2fsprogs,kmod,libcryptsetup12,linux-image-cloud-amd64,login,systemd,systemd-container
    packages=$packages,systemd-sysv,udev,zstd
    ;;
  *)
    echo "usage: lab/systemd-root.sh [trixie|bookworm]" >&2
    exit 2
    ;;
esac

cache=${XDG_CACHE_HOME:-$HOME/.cache}/kairos-sysext/lab
key=$(sha256sum "$0" | cut -c 1-16)
root=$cache/systemd-root-$suite-$key
if [ -e "$root" ]; then
  echo "$root"
  exit 0
fi

mkdir -p "$cache"
exec 9>"$cache/systemd-root.lock"
flock 9
# Another builder may have finished while this one waited.
if [ -e "$root" ]; then
  echo "$root"
  exit 0
fi

# The machine's own mirror, and its own way to reach it.
uri=$(sh "$(dirname "$0")/debian-mirror.sh" 9>&-)
part=$root.part
aptopts=$part.apt.conf
rm -rf --one-file-system "$part"
apt-config dump | grep -E '^Acquire::(http|https|ftp|Check-|Retries)' >"$aptopts" || true
trap 'rm -f "$aptopts"' EXIT

echo "systemd-root: building the root of $suite, once; about a minute" >&2
# INITRD=No: disk and file system drivers that the virtual machine needs are built into this kernel.
INITRD=No mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" --aptopt="$aptopts" \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  "$suite" "$part" "$uri" >&2 9>&-
mv "$part" "$root"
echo "$root"
