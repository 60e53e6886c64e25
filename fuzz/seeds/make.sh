#!/bin/sh
# Makes the images in erofs/ anew: small, each with a layout of its own. Needs mkfs.erofs 1.8 with every compressor. Run it in
# an empty folder, as root.
set -eu

mkdir -p tree/dir/deep erofs
seq 1 1500 >tree/numbers
head -c 6000 /bin/sh >tree/dir/program
seq 900 1500 >tree/dir/more
printf small >tree/dir/deep/small
ln -s dir/numbers tree/link
ln tree/numbers tree/dir/hard
mkfifo tree/fifo
mknod tree/null c 1 3
head -c 12288 /dev/zero >tree/zeros
truncate -s 100000 tree/hole
setfattr -n user.test -v value tree/numbers
setfattr -n user.test -v value tree/dir
setfattr -n user.long.prefix.name -v x tree/dir/more
for number in $(seq 1 40); do : >"tree/dir/deep/file-with-a-longer-name-$number"; done
find tree -exec touch --no-dereference --date=@1700000000 {} +

erofs() {
  name=$1
  shift
  mkfs.erofs --quiet -T1700000000 -U00000000-0000-0000-0000-000000000001 "$@" "erofs/$name.erofs" tree
}
erofs lz4hc-big -zlz4hc,12 -C16384 -b4096
erofs lzma-all-fragments -zlzma -Eall-fragments,dedupe
erofs deflate-tail -zdeflate -Eztailpacking -b1024
erofs zstd-fragments -zzstd -Efragments -C65536
erofs legacy -zlz4 -Elegacy-compress
erofs chunked --chunksize=4096
erofs prefix --xattr-prefix=user.long.prefix. -zlz4 -x1

gzip -9n erofs/*
