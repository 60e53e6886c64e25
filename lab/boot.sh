#!/bin/sh
# Boots the virtual machine: UEFI firmware, the kernel and the disk of the systemd 257 root.
#
#   lab/boot.sh VARIABLES KERNEL_ARGUMENTS [QEMU_ARGUMENT]...
#
# With LAB_FIRMWARE=secboot in the environment the firmware is the one with Secure Boot, which checks who changes its key
# variables and, once a PK is enrolled, what it starts; otherwise one that keeps such variables as anyone wrote them.
#
# VARIABLES is the firmware's variable store, which the machine may change. Further disks may be of any kind but NVMe: the one
# that holds the root must be the first, and the kernel numbers NVMe disks in no fixed order. Ends when the machine powers off,
# restarts or panics.
set -eu

if [ $# -lt 2 ]; then
  echo "usage: lab/boot.sh VARIABLES KERNEL_ARGUMENTS [QEMU_ARGUMENT]..." >&2
  exit 2
fi
lab=$(dirname "$0")
variables=$1
arguments=$2
shift 2
disk=$(sh "$lab/virtual-machine.sh")
root=$(sh "$lab/systemd-root.sh")
set -- "$@" -kernel "$root"/boot/vmlinuz-*

case ${LAB_FIRMWARE:-plain} in
  plain) firmware=OVMF_CODE_4M.fd ;;
  # Its variables can be written from system management mode only.
  secboot)
    firmware=OVMF_CODE_4M.secboot.fd
    set -- "$@" -machine smm=on -global driver=cfi.pflash01,property=secure,value=on
    ;;
  *)
    echo "boot: LAB_FIRMWARE is $LAB_FIRMWARE; it can be plain or secboot" >&2
    exit 2
    ;;
esac

# Emulation, not hardware virtualisation, which is not everywhere and where it is not always reliable. NVMe, because this
# kernel has its driver and ext4 built in and so needs no initrd. One processor: with two, the kernel's patching of its own code
# (static keys) now and then traps under QEMU 7.2's emulation.
exec qemu-system-x86_64 -accel tcg -machine q35 -smp 1 -m 1024 -nodefaults -no-user-config -display none -no-reboot \
  -drive if=pflash,unit=0,format=raw,readonly=on,file="$root/usr/share/OVMF/$firmware" \
  -drive if=pflash,unit=1,format=raw,file="$variables" \
  -drive if=none,id=root,format=raw,snapshot=on,file="$disk" -device nvme,drive=root,serial=root \
  -append "root=/dev/nvme0n1 rootwait rw panic=-1 fsck.mode=skip console=ttyS0 systemd.condition_first_boot=0 \
systemd.condition_needs_update=0 module_blacklist=ahci,kvm_amd,powernow_k8 $arguments" "$@"
