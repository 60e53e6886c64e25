#!/bin/sh
# What a user does without this project: pull the image, unpack its last layer, run systemd-repart (257).
# Usage: reference.sh WORK_DIRECTORY IMAGE_REFERENCE KEY CERTIFICATE
set -eu
lab=$(cd "$(dirname "$0")/../lab" && pwd)
work=$1 image=$2 key=$3 certificate=$4
rm -rf "$work"
mkdir -p "$work/tree"
skopeo copy --quiet --src-tls-verify=false "docker://$image" "oci:$work/image:latest"
manifest=$(sed 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/' "$work/image/index.json")
layer=$(tr ',' '\n' <"$work/image/blobs/sha256/$manifest" | sed -n 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/p' | tail -n 1)
tar -xzf "$work/image/blobs/sha256/$layer" -C "$work/tree"
mkdir -p "$work/tree/usr/lib/extension-release.d"
printf 'ID=_any\nARCHITECTURE=x86-64\n' >"$work/tree/usr/lib/extension-release.d/extension-release.bench"
cp "$key" "$work/key.pem"
cp "$certificate" "$work/certificate.pem"
sh "$lab/in-systemd-root.sh" "$work" systemd-repart --make-ddi=sysext --copy-source="$work/tree" \
  --private-key="$work/key.pem" --certificate="$work/certificate.pem" \
  --seed=6f1b0bcb-4a43-5b52-8d1a-111111111111 "$work/bench.sysext.raw"
