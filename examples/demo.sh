#!/bin/sh
# The main job on real input: Node's own executable, as the last layer of a container image, becomes a signed
# extension. Needs no root, no container engine and no network.
set -eu
cd "$(dirname "$0")/.."
out=demo-output
rm -rf "$out"
mkdir -p "$out/tree/usr/local/bin"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n%s\n' "$*"; }

case $(uname -m) in
  aarch64 | arm64) arch=arm64 ;;
  riscv64) arch=riscv64 ;;
  *) arch=amd64 ;;
esac

say "1. A container image whose last layer holds one program: Node itself"
cp -L node_modules/.bin/node "$out/tree/usr/local/bin/node"
run node examples/make-oci-image.ts "$out/tree" "$out/image" latest

say "2. Keys for a test firmware: PK, KEK and db"
run bin/auroraboot genkey demo --output "$out/keys"

say "3. The extension: signed with the db key"
run bin/auroraboot sysext --private-key="$out/keys/db.key" --certificate="$out/keys/db.pem" \
  --arch "$arch" --output "$out" node "oci:$out/image:latest"

say "4. Once more: the same input and key give the same bytes"
run bin/auroraboot sysext --private-key="$out/keys/db.key" --certificate="$out/keys/db.pem" \
  --arch "$arch" --output "$out/again" --quiet node "oci:$out/image:latest"
cmp "$out/node.sysext.raw" "$out/again/node.sysext.raw" && echo "identical"

say "5. What it is"
run bin/auroraboot inspect "$out/node.sysext.raw"

say "6. The proof: structure, hash tree, every data block, signature and content"
run bin/auroraboot verify --certificate="$out/keys/db.pem" "$out/node.sysext.raw"
