#!/bin/sh
# Makes the EFI system partition of the virtual node: a disk with the signed boot loader and an entry for every boot state.
#
#   lab/node-esp.sh IMAGE ENTRY OUTPUT [DIRECTORY]
#
# IMAGE is the directory that node-image.sh printed, ENTRY the entry that is started: active, passive, recovery or statereset. What is
# in DIRECTORY is put into the partition.
set -eu

if [ $# -lt 3 ]; then
  echo "usage: lab/node-esp.sh IMAGE ENTRY OUTPUT [DIRECTORY]" >&2
  exit 2
fi
image=$1
entry=$2
output=$3

truncate -s 300M "$output"
echo 'label: gpt
start=1MiB, size=290MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=ESP' | sfdisk --quiet --no-reread "$output"
export MTOOLS_SKIP_CHECK=1
partition="$output@@1M"
mformat -i "$partition" -F -T $((290 * 2048)) -h 255 -s 63 -v COS_GRUB ::
mmd -i "$partition" ::/EFI ::/EFI/BOOT ::/EFI/kairos ::/loader ::/loader/entries
mcopy -i "$partition" "$image/systemd-boot.efi" ::/EFI/BOOT/BOOTX64.EFI
mcopy -i "$partition" "$image/normal.efi" ::/EFI/kairos/normal.efi
mcopy -i "$partition" "$image/recovery.efi" ::/EFI/kairos/recovery.efi
printf 'timeout 0\ndefault %s.conf\n' "$entry" | mcopy -i "$partition" - ::/loader/loader.conf
for name in active passive recovery statereset; do
  case $name in active | passive) kernel=normal ;; *) kernel=recovery ;; esac
  printf 'title Kairos (%s)\nefi /EFI/kairos/%s.efi\n' "$name" "$kernel" | mcopy -i "$partition" - "::/loader/entries/$name.conf"
done
if [ $# -gt 3 ]; then
  mcopy -i "$partition" -s "$4"/* ::/
fi
