#!/bin/sh
# Runs one command with the systemd 257 root as its /, and DIRECTORY at the same path as outside, as working directory:
#
#   lab/in-systemd-root.sh DIRECTORY COMMAND [ARGUMENT]...
#
# Nothing else of the machine is visible or changed: the root is the lower layer of an overlay whose changes vanish, mounts live
# in a namespace of their own, and processes that the command leaves behind end with it. Exit status and output are the command's.
set -eu

if [ $# -lt 2 ] || [ ! -d "$1" ]; then
  echo "usage: lab/in-systemd-root.sh DIRECTORY COMMAND [ARGUMENT]..." >&2
  exit 2
fi
root=$(sh "$(dirname "$0")/systemd-root.sh")
work=$(realpath "$1")
shift

# An empty directory to mount on; what is mounted there is seen only inside the namespace, so all runs share it.
mount_point=$(dirname "$root")/mount
mkdir -p "$mount_point"
# systemd-repart writes whole file systems below /var/tmp: on disk, since memory may be too small.
temporary=$(mktemp -d /var/tmp/kairos-sysext-lab.XXXXXXXX)
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck disable=SC2016
unshare --mount --propagation private --pid --fork --kill-child sh -eu -c '
  lower=$1 point=$2 temporary=$3 work=$4
  shift 4
  mount -t tmpfs -o mode=755 lab "$point"
  mkdir "$point/upper" "$point/work" "$point/root"
  root=$point/root
  mount -t overlay -o "lowerdir=$lower,upperdir=$point/upper,workdir=$point/work" lab "$root"
  # systemd-dissect wants / to be a mount point, and systemd-sysext mounts in a child and relies on propagation back.
  mount --make-shared "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  mount --bind "$temporary" "$root/var/tmp"
  mkdir -p "$root$work"
  mount --bind "$work" "$root$work"
  exec chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 \
    sh -c '\''cd "$1"; shift; exec "$@"'\'' sh "$work" "$@"
' sh "$root" "$mount_point" "$temporary" "$work" "$@"
