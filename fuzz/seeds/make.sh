#!/bin/sh
# Makes the images in erofs/ anew: small, each with a layout of its own. Needs mkfs.erofs 1.8 with every compressor. Run it in
# an empty folder, as root.
set -eu

mkdir -p tree/dir erofs
seq 1 900 >tree/numbers
head -c 1500 /bin/sh >tree/dir/program
seq 700 900 >tree/dir/more
ln -s dir/numbers tree/link
ln tree/numbers tree/dir/hard
mkfifo tree/fifo
truncate -s 5000 tree/hole
setfattr -n user.test -v value tree/numbers
setfattr -n user.test -v value tree/dir
setfattr -n user.long.prefix.name -v x tree/dir/more
find tree -exec touch --no-dereference --date=@1700000000 {} +

erofs() {
  name=$1
  shift
  mkfs.erofs --quiet -T1700000000 -U00000000-0000-0000-0000-000000000001 "$@" "erofs/$name.erofs" tree
}
erofs lz4hc-big -zlz4hc,12 -C2048 -b512
erofs lzma-all-fragments -zlzma -b512 -Eall-fragments,dedupe
erofs deflate-tail -zdeflate -b1024 -Eztailpacking
erofs zstd-fragments -zzstd -b512 -Efragments -C4096
erofs legacy -zlz4 -b512 -Elegacy-compress
erofs chunked -b512 --chunksize=1024
erofs prefix -zlz4 -b512 -x1 --xattr-prefix=user.long.prefix.

gzip -9n erofs/*
