#!/bin/bash
# dracut module: the boot stage immucore, and what it needs to look at images before the system on the disk is started.
# Called by dracut, which defines the functions and variables used here.

check() {
  require_binaries immucore || return 1
  return 0
}

depends() {
  echo systemd
}

installkernel() {
  # File systems that immucore itself mounts: the persistent partition, and the firmware's variables.
  hostonly='' instmods ext4 efivarfs =fs/nls
}

install() {
  local program tree
  program=$(readlink -f "$(command -v immucore)")
  tree=${program%/bin/*}
  if [[ -d $tree/lib/bundle ]]; then
    # Not one file but a bundle, which runs the Node beside it, or else the system's.
    local files
    mapfile -d '' files < <(find "$tree" -type f -print0)
    inst_multiple readlink "${files[@]}"
    [[ -x $tree/bin/node ]] || inst_multiple node
  else
    inst_binary "$program"
  fi
  [[ $program == /usr/bin/immucore ]] || ln -sfn "$program" "$initdir/usr/bin/immucore"
  inst_multiple flock mount true udevadm umount
  inst_simple "$systemdsystemunitdir/immucore-initrd.service"
  $SYSTEMCTL -q --root "$initdir" enable immucore-initrd.service
}
