import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** Puts an image with one gzip layer into a registry (plain HTTP). */
export async function putImage(layer: string, reference: string, directory: string): Promise<void> {
  const layout = join(directory, 'layout');
  const blobs = join(layout, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const digest = createHash('sha256');
  const diffId = createHash('sha256');
  await pipeline(createReadStream(layer), digest);
  await pipeline(createReadStream(layer), createGunzip({ chunkSize: 1 << 18 }), diffId);
  const layerHex = digest.digest('hex');
  await copyFile(layer, join(blobs, layerHex));

  const putJson = async (mediaType: string, value: unknown) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const config = await putJson('application/vnd.oci.image.config.v1+json', {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId.digest('hex')}`] },
  });
  const { size } = await stat(layer);
  const manifest = await putJson('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    config,
    layers: [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${layerHex}`, size },
    ],
  });
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': '1' } };
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  execFileSync('skopeo', [
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    `oci:${layout}:1`,
    `docker://${reference}`,
  ]);
  await rm(layout, { recursive: true });
}
