#!/bin/sh
# Builds the virtual node, once for each state of the product, and prints the directory where it is:
#
#   root.erofs        the immutable system: Debian with the product installed
#   vmlinuz, initrd   its kernel, and its initramfs with the boot stage in it, made by dracut
#   normal.efi        both as a unified kernel image that mounts the persistent partition, signed by db
#   recovery.efi      likewise, one that does not
#   systemd-boot.efi  the boot loader, signed by db
#   keys/             PK, KEK and db, as auroraboot genkey makes them
#
#   lab/node-image.sh PRODUCT [SUITE]
#
# PRODUCT is a directory as lab/product.ts makes it. SUITE is trixie (systemd 257), or bookworm (systemd 252), which
# cannot be started in Trusted Boot here.
set -eu

if [ $# -lt 1 ] || [ ! -e "$1/install.sh" ]; then
  echo "usage: lab/node-image.sh PRODUCT [SUITE] (PRODUCT is made by lab/product.ts)" >&2
  exit 2
fi
project=$(realpath "$(dirname "$0")/..")
product=$(realpath "$1")
suite=${2:-trixie}
base=$(sh "$project/lab/systemd-root.sh" "$suite")
cache=$(dirname "$base")

key=$({
  basename "$base"
  cd "$project"
  find lab/node lab/node-image.sh -type f | LC_ALL=C sort | xargs sha256sum
  cd "$product"
  find . -type f | LC_ALL=C sort | xargs sha256sum
} | sha256sum | cut -c 1-16)
image=$cache/node-$key
if [ -e "$image" ]; then
  echo "$image"
  exit 0
fi
exec 9>"$cache/node-image.lock"
flock 9
if [ -e "$image" ]; then
  echo "$image"
  exit 0
fi
echo "node-image: building the virtual node; half a minute" >&2

work=$(mktemp -d "$cache/node-part.XXXXXX")
cleanup() {
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Runs a command whose words are of interest only when it fails.
quietly() {
  "$@" >"$work/log" 2>&1 9>&- || {
    cat "$work/log" >&2
    return 1
  }
}
tree=$work/tree
cp -a "$base" "$tree"

# What a node is not given: tools of the tests, and a kernel that the boot loader brings.
rm -rf "$tree"/boot/System.map-* "$tree"/usr/share/OVMF "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*

sh "$product/install.sh" --root "$tree" --arch x64 >/dev/null
cp -a "$project"/lab/node/systemd/* "$tree/usr/lib/systemd/system/"
mkdir "$tree/efi"
cp -a "$project/lab/node/dracut" "$tree/usr/lib/dracut/modules.d/91kairos-lab"

# The root is read-only: what systemd would write to /etc at the first boot is there already.
: >"$tree/etc/machine-id"
echo kairos-lab >"$tree/etc/hostname"
echo '127.0.0.1 localhost kairos-lab example.org' >"$tree/etc/hosts"
: >"$tree/etc/fstab"
chroot "$tree" passwd --quiet --delete root
mkdir -p "$tree/etc/systemd/system/serial-getty@ttyS0.service.d"
cat >"$tree/etc/systemd/system/serial-getty@ttyS0.service.d/lab.conf" <<'CONF'
[Service]
ExecStart=
ExecStart=-agetty --autologin root --noclear --keep-baud 115200,57600,38400,9600 - $TERM
CONF
systemctl --quiet --root "$tree" enable efi-partition.service
# Debian 12 has its /tmp on the root.
if [ -e "$tree/usr/share/systemd/tmp.mount" ]; then
  cp "$tree/usr/share/systemd/tmp.mount" "$tree/usr/lib/systemd/system/"
  systemctl --quiet --root "$tree" enable tmp.mount
fi
for unit in nginx e2scrub_reap; do
  [ ! -e "$tree/usr/lib/systemd/system/$unit.service" ] || systemctl --quiet --root "$tree" disable "$unit.service"
done
systemctl --quiet --root "$tree" mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer
systemctl --quiet --root "$tree" set-default lab.target

# dracut looks at /proc and /sys of the machine that it runs on.
version=$(basename "$tree"/lib/modules/*)
# shellcheck disable=SC2016
quietly unshare --mount --propagation private --pid --fork --kill-child sh -eu -c '
  tree=$1 version=$2
  for directory in proc sys dev; do mount --rbind "/$directory" "$tree/$directory"; done
  mount -t tmpfs tmpfs "$tree/run"
  mount -t tmpfs tmpfs "$tree/tmp"
  exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 dracut --quiet --force --no-hostonly --reproducible \
    --modules "base systemd systemd-initrd udev-rules rootfs-block kernel-modules kairos-sysext kairos-lab" \
    --compress "zstd -3 -T0" --tmpdir /tmp /boot/initrd "$version"
' sh "$tree" "$version"
mv "$tree/boot/initrd" "$work/initrd"
mv "$tree/boot/vmlinuz-$version" "$work/vmlinuz"

if [ "$suite" = trixie ]; then
  # Keys of the firmware; what boots is signed by db. Made once, so that images which somebody signed by them stay right when the
  # product changes.
  keys=$cache/node-keys
  if [ ! -e "$keys" ]; then
    rm -rf "$keys.part"
    "$tree/usr/bin/auroraboot" genkey lab --quiet --output "$keys.part"
    mv "$keys.part" "$keys"
  fi
  cp -r "$keys" "$work/keys"
  cp "$tree/usr/lib/systemd/boot/efi/linuxx64.efi.stub" "$work/stub"
  quietly sbsign --key "$work/keys/db.key" --cert "$work/keys/db.pem" --output "$work/systemd-boot.efi" \
    "$tree/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
  arguments='rd.immucore.uki root=/dev/disk/by-id/virtio-root rootfstype=erofs ro panic=-1 console=ttyS0 systemd.condition_first_boot=0'
  for kind in normal recovery; do
    case $kind in normal) persistent=' lab.persistent' ;; *) persistent='' ;; esac
    quietly sh "$project/lab/in-systemd-root.sh" "$work" ukify build --linux vmlinuz --initrd initrd --stub stub --os-release @tree/etc/os-release \
      --cmdline "$arguments$persistent" --signtool sbsign --secureboot-private-key keys/db.key --secureboot-certificate keys/db.pem \
      --output "$kind.efi"
  done
fi

quietly mkfs.erofs -T0 "$work/root.erofs" "$tree"
rm -rf --one-file-system "$tree" "$work/stub" "$work/log"
# Of earlier states of the product only the last ones are kept.
find "$cache" -maxdepth 1 -name 'node-????????????????' -mmin +720 -exec rm -rf {} +
mv "$work" "$image"
chmod 755 "$image"
echo "$image"
