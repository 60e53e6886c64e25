#!/bin/sh
# Makes the images and compressed files in this folder anew: small, each with a compressor or a layout of its own.
# Needs mksquashfs, xz, lzop, lz4, and mkfs.erofs 1.8 with every compressor. Run it in an empty folder, as root.
set -eu

mkdir -p tree/dir/deep erofs squashfs compression
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
erofs lz4 -zlz4
erofs lz4hc-big -zlz4hc,12 -C16384 -b4096
erofs lzma-all-fragments -zlzma -Eall-fragments,dedupe
erofs deflate-tail -zdeflate -Eztailpacking -b1024
erofs zstd-fragments -zzstd -Efragments -C65536
erofs legacy -zlz4 -Elegacy-compress
erofs chunked --chunksize=4096
erofs prefix --xattr-prefix=user.long.prefix. -zlz4 -x1

squashfs() {
  name=$1
  shift
  mksquashfs tree "squashfs/$name.squashfs" -quiet -no-progress -mkfs-time 1700000000 "$@"
}
for compressor in gzip lzma lzo xz lz4 zstd; do
  squashfs "$compressor" -comp "$compressor" -b 4096 -all-root -no-exports
done
squashfs plain -noI -noD -noF -noX -b 8192
squashfs tail -comp xz -Xbcj x86 -always-use-fragments

{ head -c 3000 /bin/sh && seq 1 700; } >mix
xz -c mix >compression/plain.xz
xz --x86 --lzma2=dict=64KiB -Ccrc32 -c mix >compression/x86.xz
xz --arm64 --lzma2=dict=64KiB -Ccrc32 -c mix >compression/arm64.xz
xz --delta=dist=4 --lzma2=lc=1,lp=1,pb=0 --check=sha256 --block-size=2000 -c mix >compression/delta.xz
head -c 1000 /dev/urandom | xz -Cnone -c >compression/uncompressed.xz
xz --format=lzma -c mix >compression/plain.lzma
# Without the frames around the only block.
lzop -c mix | tail -c +54 | head -c -4 >compression/block.lzo
lz4 -9 -c mix | tail -c +12 | head -c -8 >compression/block.lz4

gzip -9n erofs/* squashfs/* compression/*
