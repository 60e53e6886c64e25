#!/bin/sh
# Installs kairos-sysext on a node, or into the tree of a node's image: the executable, its names, completions, man pages, the
# units of systemd, and what puts the boot stage into the initramfs. Installing again replaces what was installed.
set -eu

usage() {
  cat <<'TEXT'
Usage: install.sh [OPTION...]

  --root DIR         the tree to install into (default: $DESTDIR, or the running system)
  --arch ARCH        x64 or arm64 (default: of this machine)
  --initramfs WHICH  dracut, initramfs-tools or none (default: the one that the tree has)
  --trusted-boot     have systemd take signed extensions only
  --force            replace files of others, such as another kairos-agent
  --uninstall        remove what was installed
  --help             show this
TEXT
}

fail() {
  echo "install.sh: error: $1" >&2
  [ -z "${2:-}" ] || echo "  hint: $2" >&2
  exit 1
}

wrong_usage() {
  echo "install.sh: error: $1" >&2
  echo '  hint: --help shows the options' >&2
  exit 2
}

root=${DESTDIR:-/}
architecture=
initramfs=
policy=kairos
force=
uninstall=
while [ $# -gt 0 ]; do
  case $1 in
    --root | --arch | --initramfs)
      [ $# -ge 2 ] || wrong_usage "$1 needs a value"
      option=$1 value=$2
      shift
      ;;
    --root=* | --arch=* | --initramfs=*) option=${1%%=*} value=${1#*=} ;;
    --trusted-boot) policy=kairos-uki option='' ;;
    --force) force=yes option='' ;;
    --uninstall) uninstall=yes option='' ;;
    --help)
      usage
      exit 0
      ;;
    *) wrong_usage "unknown argument '$1'" ;;
  esac
  case $option in
    --root) root=$value ;;
    --arch) architecture=$value ;;
    --initramfs) initramfs=$value ;;
  esac
  shift
done

[ -d "$root" ] || fail "$root is no directory"
root=$(CDPATH='' cd -- "$root" && pwd -P)
[ "$root" != / ] || root=
source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# Every path that was installed, one a line: what may be replaced, and what uninstalling removes.
list=/usr/share/kairos-sysext/installed

is_ours() {
  [ -f "$root$list" ] && grep -q -x -F -e "$1" "$root$list"
}

# Whether a path is in the tree, and not by a link somewhere outside of it.
is_inside() {
  directory=$root${1%/*}
  while [ ! -d "$directory" ]; do directory=${directory%/*}; done
  case $(CDPATH='' cd -- "${directory:-/}" && pwd -P)/ in
    "$root"/*) return 0 ;;
    *) return 1 ;;
  esac
}

# Removes the files that a list names.
remove_files() {
  while IFS= read -r path; do
    case $path in
      *..*) ;;
      /*) ! is_inside "$path" || rm -f -- "$root$path" ;;
    esac
  done
}

remove_installed() {
  remove_files <"$root$list"
  # Only directories that are of this program alone, or empty directories for settings of one unit.
  rm -f -- "$root$list"
  for directory in /usr/share/kairos-sysext /usr/share/doc/kairos-sysext /usr/lib/dracut/modules.d/90kairos-sysext \
    /usr/lib/systemd/system/systemd-sysext.service.d /usr/lib/systemd/system/systemd-confext.service.d; do
    rmdir -- "$root$directory" 2>/dev/null || true
  done
}

if [ -n "$uninstall" ]; then
  [ -f "$root$list" ] || fail "nothing is installed in ${root:-/}" 'name the tree with --root'
  remove_installed
  echo "removed from ${root:-/}; extensions and their configuration are left as they are"
  exit 0
fi

if [ -z "$architecture" ]; then
  case $(uname -m) in
    x86_64) architecture=x64 ;;
    aarch64 | arm64) architecture=arm64 ;;
    *) fail "there is no executable for $(uname -m)" 'name the one to install with --arch' ;;
  esac
fi
executable=$source/kairos-sysext-linux-$architecture
[ -f "$executable" ] || fail "$executable is missing" 'npm run package makes it'

if [ -z "$initramfs" ]; then
  if [ -d "$root/usr/lib/dracut/modules.d" ]; then
    initramfs=dracut
  elif [ -d "$root/usr/share/initramfs-tools" ]; then
    initramfs='initramfs-tools'
  else
    initramfs=none
  fi
fi
case $initramfs in
  dracut | initramfs-tools | none) ;;
  *) wrong_usage "--initramfs '$initramfs' is none of: dracut, initramfs-tools, none" ;;
esac
# Debian has a directory of its own for what packages bring.
zsh=/usr/share/zsh/site-functions
[ ! -e "$root/etc/debian_version" ] || zsh=/usr/share/zsh/vendor-completions

# What is to be installed: mode (or link), source (or target), path.
plan() {
  echo "755 $executable /usr/bin/kairos-sysext"
  for completion in "$source"/completions/bash/*; do
    name=${completion##*/}
    echo "link kairos-sysext /usr/bin/$name"
    echo "644 $completion /usr/share/bash-completion/completions/$name"
    echo "644 $source/completions/zsh/_$name $zsh/_$name"
    echo "644 $source/completions/fish/$name.fish /usr/share/fish/vendor_completions.d/$name.fish"
  done
  for page in "$source"/man/man*/*; do
    echo "644 $page /usr/share/man/man${page##*.}/${page##*/}"
  done
  for text in LICENSE THIRD-PARTY-LICENSES; do
    echo "644 $source/$text /usr/share/doc/kairos-sysext/$text"
  done
  units=/usr/lib/systemd/system
  echo "644 $source/systemd/immucore.service $units/immucore.service"
  echo "link $units/immucore.service /etc/systemd/system/sysinit.target.wants/immucore.service"
  for class in sysext confext; do
    echo "644 $source/systemd/systemd-$class.service.d/$policy.conf $units/systemd-$class.service.d/$policy.conf"
    echo "link $units/systemd-$class.service /etc/systemd/system/sysinit.target.wants/systemd-$class.service"
  done
  case $initramfs in
    dracut)
      echo "644 $source/systemd/immucore-initrd.service $units/immucore-initrd.service"
      echo "755 $source/dracut/module-setup.sh /usr/lib/dracut/modules.d/90kairos-sysext/module-setup.sh"
      ;;
    initramfs-tools)
      for part in hooks scripts/local-bottom; do
        echo "755 $source/initramfs-tools/$part/kairos-sysext /usr/share/initramfs-tools/$part/kairos-sysext"
      done
      ;;
  esac
}

# Words are split below; a source with spaces in its path would be taken apart.
case $source in
  *[[:space:]]*) fail "$source: the path has spaces" 'install from another directory' ;;
esac
# All is looked at before anything is changed.
new=$(mktemp -d "${TMPDIR:-/tmp}/kairos-sysext.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
foreign=
while read -r kind from path; do
  [ "$kind" = link ] || [ -f "$from" ] || fail "$from is missing" 'npm run package makes it'
  is_inside "$path" || fail "$root$path leads out of the tree"
  if [ -e "$root$path" ] || [ -L "$root$path" ]; then
    [ ! -d "$root$path" ] || [ -L "$root$path" ] || fail "$root$path is a directory"
    if ! is_ours "$path"; then
      # What others have linked the same way, such as a service that is enabled, is not ours to remove.
      if [ "$kind" = link ] && [ "$(readlink "$root$path")" = "$from" ]; then continue; fi
      foreign="$foreign $root$path"
    fi
  fi
  echo "$kind $from $path" >>"$new/plan"
  echo "$path" >>"$new/paths"
done <<PLAN
$(plan)
PLAN
if [ -n "$foreign" ] && [ -z "$force" ]; then
  fail "others have installed:$foreign" 'remove them, or replace them with --force'
fi

write_list() {
  mkdir -p -- "$root${list%/*}"
  cp -- "$1" "$root$list.part"
  chmod 644 "$root$list.part"
  mv -f -- "$root$list.part" "$root$list"
}

# Listed before it is there, so that what an interrupted installation leaves is known to the next one.
: >"$new/old"
[ ! -f "$root$list" ] || cat -- "$root$list" >"$new/old"
cat "$new/old" "$new/paths" >"$new/all"
write_list "$new/all"
while read -r kind from path; do
  mkdir -p -- "$root${path%/*}"
  # Beside, then renamed: a program that is running stays whole.
  part=$root${path%/*}/.kairos-sysext.part
  rm -f -- "$part"
  if [ "$kind" = link ]; then
    ln -s -- "$from" "$part"
  else
    cp -- "$from" "$part"
    chmod "$kind" "$part"
  fi
  mv -f -- "$part" "$root$path"
done <"$new/plan"
# What an earlier version had and this one has not.
grep -v -x -F -f "$new/paths" "$new/old" | remove_files
write_list "$new/paths"

version=$("$executable" --version 2>/dev/null) || version="the program for $architecture"
echo "installed $version in ${root:-/}"
case $initramfs in
  dracut) echo 'the initramfs has to be built again: dracut --force' ;;
  initramfs-tools) echo 'the initramfs has to be built again: update-initramfs -u' ;;
  none) echo 'no initramfs of dracut or initramfs-tools was found: immucore runs with a unified kernel image only' ;;
esac
