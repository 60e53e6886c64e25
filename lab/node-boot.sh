#!/bin/sh
# Boots the virtual node.
#
#   lab/node-boot.sh IMAGE ENTRY VARIABLES PERSISTENT ESP ARGUMENTS [QEMU_ARGUMENT]...
#
# IMAGE is the directory that node-image.sh printed. ENTRY is the boot entry: active, passive, recovery, autoreset or live; with
# `uki-` before it, it is started in Trusted Boot: by the signed boot loader in ESP, a disk, whose keys the firmware has to know
# from VARIABLES, its variable store. Without, ESP is - or a disk that is just there, and ARGUMENTS are added to the kernel's.
# PERSISTENT is a file system with the label COS_PERSISTENT, or - for none. VARIABLES, PERSISTENT and ESP may be changed.
set -eu

if [ $# -lt 6 ]; then
  echo "usage: lab/node-boot.sh IMAGE ENTRY VARIABLES PERSISTENT ESP ARGUMENTS [QEMU_ARGUMENT]..." >&2
  exit 2
fi
image=$1
entry=$2
variables=$3
persistent=$4
esp=$5
arguments=$6
shift 6

firmware=$(sh "$(dirname "$0")/systemd-root.sh")/usr/share/OVMF
[ "$persistent" = - ] || set -- "$@" -drive "if=none,id=persistent,format=raw,cache=unsafe,file=$persistent" \
  -device virtio-blk-pci,drive=persistent,serial=persistent
[ "$esp" = - ] || set -- "$@" -drive "if=none,id=esp,format=raw,cache=unsafe,file=$esp" \
  -device virtio-blk-pci,drive=esp,serial=esp,bootindex=1
case $entry in
  uki-*)
    set -- "$@" -machine smm=on -global driver=cfi.pflash01,property=secure,value=on
    code=OVMF_CODE_4M.secboot.fd
    ;;
  *)
    code=OVMF_CODE_4M.fd
    case $entry in
      active) state='cos-img/filename=/cOS/active.img lab.label=COS_ACTIVE lab.persistent' ;;
      passive) state='cos-img/filename=/cOS/passive.img lab.label=COS_PASSIVE lab.persistent' ;;
      recovery) state='cos-img/filename=/cOS/recovery.img lab.label=COS_RECOVERY' ;;
      autoreset) state='cos-img/filename=/cOS/recovery.img lab.label=COS_RECOVERY kairos.reset' ;;
      live) state='lab.medium=live:CDLABEL=COS_LIVE' ;;
      *)
        echo "node-boot: there is no boot entry $entry; there are active, passive, recovery, autoreset, live" >&2
        exit 2
        ;;
    esac
    set -- "$@" -kernel "$image/vmlinuz" -initrd "$image/initrd" -append "root=/dev/disk/by-id/virtio-root rootfstype=erofs ro \
panic=-1 console=ttyS0 systemd.condition_first_boot=0 $state $arguments"
    ;;
esac

# As lab/boot.sh: emulation, one processor.
exec qemu-system-x86_64 -accel tcg -machine q35 -smp 1 -m 1536 -nodefaults -no-user-config -display none -no-reboot \
  -drive if=pflash,unit=0,format=raw,readonly=on,file="$firmware/$code" \
  -drive if=pflash,unit=1,format=raw,file="$variables" \
  -drive if=none,id=root,format=raw,readonly=on,file="$image/root.erofs" -device virtio-blk-pci,drive=root,serial=root "$@"
