#!/bin/sh
# Boots the virtual machine with its console on this terminal: log in as root, without a password. Nothing done there is kept.
# poweroff ends it, and so does Ctrl-A X.
set -eu

lab=$(dirname "$0")
variables=$(mktemp)
trap 'rm -f "$variables"' EXIT
cp "$(sh "$lab/systemd-root.sh")/usr/share/OVMF/OVMF_VARS_4M.fd" "$variables"
sh "$lab/boot.sh" "$variables" quiet -serial mon:stdio \
  -smbios type=11,value=io.systemd.credential:passwd.hashed-password.root=
