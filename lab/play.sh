#!/bin/sh
# The virtual node, to play with: builds it with the sources of this checkout, and logs in to it.
#
#   lab/play.sh                            builds it
#   lab/play.sh shell [ENTRY]              boots it with a root shell on this terminal; poweroff, or Ctrl-A X, ends it
#   lab/play.sh reset                      forgets what was stored on it
#
# ENTRY is active (which it is if nothing is given), passive, recovery, autoreset or live; uki-active, uki-passive, uki-recovery and
# uki-autoreset are started in Trusted Boot, with Secure Boot on. What is on the persistent partition stays from boot to boot. Files
# in dist/lab/files are in /run/lab on the node, and the keys that its firmware knows are in dist/lab/keys.
set -eu

lab=$(dirname "$0")
place=$(realpath "$lab/..")/dist/lab
command=${1:-build}
entry=${2:-active}
case $command in
  build | shell) ;;
  reset)
    rm -f "$place/persistent"
    exit 0
    ;;
  *)
    sed -n 's/^# \{0,1\}//; 2,11p' "$0" >&2
    exit 2
    ;;
esac

node "$lab/product.ts" "$place/product" >&2
image=$(sh "$lab/node-image.sh" "$place/product")
mkdir -p "$place/files"
rm -rf "$place/keys"
cp -r "$image/keys" "$place/keys"
if [ ! -e "$place/persistent" ]; then
  mkdir -p "$place/tree/.state/var-lib-kairos.bind"
  for name in bin include lib sbin share src; do mkdir -p "$place/tree/$name"; done
  mkfs.ext4 -q -L COS_PERSISTENT -d "$place/tree" "$place/persistent" 4G
  rm -r "$place/tree"
fi
if [ "$command" = build ]; then
  echo "the node is built; log in with: npm run lab -- shell [ENTRY]"
  exit 0
fi

work=$(mktemp -d /var/tmp/kairos-sysext-lab.XXXXXXXX)
trap 'rm -rf "$work"' EXIT
# The terminal may be closed while the node runs.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
esp=-
case $entry in
  uki-*)
    cp "$place"/keys/*.pem "$work"
    owner=11111111-2222-4333-8444-555555555555
    sh "$lab/in-systemd-root.sh" "$work" virt-fw-vars --input /usr/share/OVMF/OVMF_VARS_4M.fd --output variables --set-pk "$owner" PK.pem \
      --add-kek "$owner" KEK.pem --add-db "$owner" db.pem --secure-boot >/dev/null 2>&1
    esp=$work/esp
    name=${entry#uki-}
    [ "$name" != autoreset ] || name=statereset
    sh "$lab/node-esp.sh" "$image" "$name" "$esp"
    ;;
  *) cp "$(sh "$lab/systemd-root.sh")/usr/share/OVMF/OVMF_VARS_4M.fd" "$work/variables" ;;
esac
# The script of the lab unpacks the files, and leaves the node to whoever logs in, without words of the kernel in between.
cp -r "$place/files/." "$work/files" 2>/dev/null || mkdir "$work/files"
printf 'dmesg --console-level err\ntouch /run/lab/stay\n' >"$work/files/script"
tar --create --file "$work/files.tar" --directory "$work/files" .
sh "$lab/node-boot.sh" "$image" "$entry" "$work/variables" "$place/persistent" "$esp" quiet -serial mon:stdio \
  -drive "if=none,id=files,format=raw,readonly=on,file=$work/files.tar" -device virtio-blk-pci,drive=files,serial=files
