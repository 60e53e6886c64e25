#!/bin/sh
# Builds the disk of the virtual machine, once, and prints its path: the systemd 257 root as an ext4 file system.
#
# It holds nothing that the root does not; what a boot is to do comes with the arguments of boot.sh. Boots write to a
# snapshot, never to this file.
set -eu

for command in mkfs.ext4 qemu-system-x86_64; do
  if ! command -v "$command" >/dev/null 2>&1; then
    echo "virtual-machine: $command is not installed; on a Debian machine run scripts/debian-packages.sh first" >&2
    exit 1
  fi
done
root=$(sh "$(dirname "$0")/systemd-root.sh")
disk=$root.$(sha256sum "$0" | cut -c 1-8).ext4
if [ ! -e "$disk" ]; then
  exec 9>"$(dirname "$root")/virtual-machine.lock"
  flock 9
  if [ ! -e "$disk" ]; then
    echo "virtual-machine: making the disk, once" >&2
    rm -f "$disk.part"
    # A snapshot needs no journal, and a file system that was just made no check.
    mkfs.ext4 -q -O ^has_journal -d "$root" "$disk.part" 4G >/dev/null 9>&-
    mv "$disk.part" "$disk"
  fi
fi
echo "$disk"
