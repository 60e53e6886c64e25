#!/bin/sh
# Builds the Debian 13 (trixie) root with systemd 257, once, and prints its path.
#
# It is the reference that test/oracle compares with, run by in-systemd-root.sh, and the node that test/vm boots.
# It lives outside the checkout under a name derived from this file, so that a change here builds it anew.
set -eu

if [ "$(id -u)" -ne 0 ]; then
  echo "systemd-root: building the systemd 257 root needs root rights (mounts, device nodes, other owners); run this as root" >&2
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

# The tools under comparison, what they load at run time (libcryptsetup, libtss2 are dlopened), and what the
# virtual machine boots and serves: kernel, initrd, boot loader, firmware, a web server.
packages=attr,cryptsetup-bin,dmsetup,e2fsprogs,erofs-utils,fdisk,kmod,libcap2-bin,libcryptsetup12
packages=$packages,linux-image-cloud-amd64,mkosi,openssl,ovmf,python3-virt-firmware,systemd,systemd-container,systemd-repart
packages=$packages,systemd-sysv,udev,zstd
packages=$packages,dosfstools,dracut-core,login,mtools,nginx-light,sbsigntool,systemd-boot-efi,systemd-ukify

cache=${XDG_CACHE_HOME:-$HOME/.cache}/kairos-sysext/lab
key=$(sha256sum "$0" | cut -c 1-16)
root=$cache/systemd-root-$key
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

# The machine's own mirror, whichever it is, and its own way to reach it.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1
}
if [ -z "$(mirror)" ]; then apt-get --quiet=2 update >&2 9>&-; fi
uri=$(mirror)
if [ -z "$uri" ]; then
  echo "systemd-root: apt knows no Debian mirror; add one to the machine's apt sources" >&2
  exit 1
fi
part=$root.part
aptopts=$part.apt.conf
rm -rf --one-file-system "$part"
apt-config dump | grep -E '^Acquire::(http|https|ftp|Check-|Retries)' >"$aptopts" || true
trap 'rm -f "$aptopts"' EXIT

echo "systemd-root: building the systemd 257 root, once; about a minute" >&2
# INITRD=No: disk and file system drivers that the virtual machine needs are built into this kernel.
INITRD=No mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" --aptopt="$aptopts" \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  trixie "$part" "$uri" >&2 9>&-
mv "$part" "$root"
echo "$root"
