#!/bin/bash
# dracut module of the lab's node: what Kairos mounts in the initramfs.

check() {
  return 255
}

depends() {
  echo systemd
}

installkernel() {
  hostonly='' instmods virtio_blk virtio_pci erofs overlay loop dm_verity
}

install() {
  local unit
  for unit in sysroot-var.mount sysroot-usr-local.mount sysroot-var-lib-kairos.mount; do
    inst_simple "$moddir/$unit" "$systemdsystemunitdir/$unit"
    $SYSTEMCTL -q --root "$initdir" enable "$unit"
  done
}
