#!/bin/sh
# Brings the Debian packages that the tests need: installs what is missing when root, says what to type when not.
set -eu

# One package a line, and what the tests do with it.
packages=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' <<'LIST'
apache2-utils       # htpasswd: basic authentication of the registry
attr                # getfattr, setfattr: extended attributes of files under test
binutils            # strip: what tools that make an initramfs do to executables
btrfs-progs         # mkfs.btrfs: file systems to tell apart
buildah             # container images with real layers and whiteouts
ca-certificates
cryptsetup-bin      # veritysetup, cryptsetup: LUKS
debian-archive-keyring
docker-registry
e2fsprogs           # mkfs.ext4: disk of the virtual machine, file systems to tell apart
dosfstools          # mkfs.vfat
efitools            # EFI signature lists and updates to compare with
erofs-utils         # fsck.erofs, mkfs.erofs
f2fs-tools          # mkfs.f2fs
fdisk               # sfdisk: reads partition tables
fish                # completions
genisoimage
initramfs-tools-core # mkinitramfs: the boot stage in an initramfs of Debian
libcap2-bin         # setcap: file capabilities
lz4                 # blocks to decompress
mandoc              # checks man pages
mtools              # EFI system partition of the virtual node
mmdebstrap          # builds the systemd 257 root
openssl             # keys, certificates, cms -verify
podman              # Docker API socket
qemu-system-x86
qemu-user            # the executable for arm64
sbsigntool          # signs UEFI programs with the keys of genkey
shellcheck          # checks what is installed on a node
skopeo              # OCI layouts and archives
nginx-light         # HTTPS server: ranges, redirects
squashfs-tools      # mksquashfs, unsquashfs
time                # GNU time: what the measurements are made with
strace              # kills the agent at each of its system calls
tinyproxy           # HTTP proxy
tmux                # terminal: progress, widths, interruption
xfsprogs            # mkfs.xfs
xz-utils            # XZ and LZMA to decompress
zsh                 # completions
zstd
LIST
)
# Unquoted on purpose, here and below: the list is words.
# shellcheck disable=SC2086
set -- $packages

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
  echo "debian-packages: the full tests need a Debian machine (12 or later), since they install Debian packages; npm run check needs none" >&2
  exit 1
fi

installed=$(dpkg-query --show --showformat '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii *//p' || true)
missing=
for package in "$@"; do
  case "
$installed
" in
    *"
$package
"*) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "debian-packages: the tests need Debian packages that are not installed; type: sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
  exit 1
fi

log=$(mktemp)
no_services=
cleanup() {
  rm -f "$log"
  # Only the file that this run made; one that was there before is the machine's own choice.
  [ -z "$no_services" ] || rm -f "$no_services"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Packages such as nginx start a service when they are installed; the tests start their own, on ports of their own.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  no_services=/usr/sbin/policy-rc.d
  printf '#!/bin/sh\nexit 101\n' >"$no_services"
  chmod 755 "$no_services"
fi

# Runs apt-get, again and again while another apt-get holds a lock: DPkg::Lock::Timeout does not cover the locks on
# the package lists and on the archives.
apt() {
  tries=0
  until DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get --quiet=2 \
    -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 </dev/null; do
    tries=$((tries + 1))
    if ! grep -q -E 'Could not get lock|Unable to (lock|acquire)' "$log" || [ "$tries" -ge 120 ]; then
      cat "$log" >&2
      echo "debian-packages: apt-get $1 failed; its words are above" >&2
      exit 1
    fi
    sleep 5
  done
}

echo "debian-packages: installing$missing" >&2
apt update
# shellcheck disable=SC2086
apt install --no-install-recommends --no-remove $missing
