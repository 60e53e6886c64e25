#!/bin/sh
# Boots the virtual machine with a root shell on this terminal. Nothing done there is kept. poweroff -f ends it, and so does Ctrl-A X.
set -eu

lab=$(dirname "$0")
variables=$(mktemp)
trap 'rm -f "$variables"' EXIT
cp "$(sh "$lab/systemd-root.sh")/usr/share/OVMF/OVMF_VARS_4M.fd" "$variables"
sh "$lab/boot.sh" "$variables" \
  "quiet systemd.debug_shell=ttyS0 systemd.mask=serial-getty@ttyS0.service" -serial mon:stdio
