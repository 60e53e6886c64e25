#!/bin/sh
# What somebody does who knows the formats: pull the image, make the file system from the layer as it is, hash tree and signature
# with the tools for them. What comes out are the parts of an image; nobody puts them into a partition table.
# Usage: expert.sh WORK_DIRECTORY IMAGE_REFERENCE KEY CERTIFICATE
set -eu
bench=$(cd "$(dirname "$0")" && pwd)
work=$1 image=$2 key=$3 certificate=$4
rm -rf "$work"
mkdir -p "$work"
skopeo copy --quiet --src-tls-verify=false "docker://$image" "oci:$work/image:latest"
manifest=$(sed 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/' "$work/image/index.json")
layer=$(tr ',' '\n' <"$work/image/blobs/sha256/$manifest" | sed -n 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/p' | tail -n 1)
sh "$bench/erofs-utils.sh" mkfs.erofs --quiet --tar=f --ungzip -T0 "$work/data" "$work/image/blobs/sha256/$layer"
veritysetup format "$work/data" "$work/hash" | sed -n 's/^Root hash:[[:space:]]*//p' | tr -d '\n' >"$work/root-hash"
openssl smime -sign -nocerts -noattr -binary -in "$work/root-hash" -inkey "$key" -signer "$certificate" -outform der -out "$work/signature"
