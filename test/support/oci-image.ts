import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { mustRun } from './run-command.ts';

/** What an image is made of. */
export interface ImageContent {
  /** Tar archives, lowest first. */
  readonly layers: readonly Uint8Array[];
  readonly architecture?: string;
}

/** Where a blob of an image is told from others. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An OCI layout with one image, whose layers are packed with gzip. */
export interface WrittenImage {
  readonly directory: string;
  readonly manifest: Blob;
  readonly layers: readonly Blob[];
}

/** Writes an image as an OCI layout with the tag `latest`. */
export function writeImage(
  directory: string,
  { layers, architecture = 'amd64' }: ImageContent,
): WrittenImage {
  const blobs = join(directory, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (mediaType: string, bytes: Uint8Array): Blob => {
    const digest = digestOf(bytes);
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const putJson = (mediaType: string, value: object): Blob =>
    put(mediaType, Buffer.from(JSON.stringify(value)));
  const config = putJson('application/vnd.oci.image.config.v1+json', {
    architecture,
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const packed = layers.map((layer) =>
    put('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(layer, { level: 1 })),
  );
  const manifest = putJson(mediaType, { schemaVersion: 2, mediaType, config, layers: packed });
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  writeFileSync(join(directory, 'index.json'), JSON.stringify(index));
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return { directory, manifest, layers: packed };
}

/** Pushes the image of a layout to a registry with skopeo, which does not look at certificates. */
export async function pushImage(
  { directory }: WrittenImage,
  reference: string,
  ...flags: string[]
): Promise<void> {
  const target = ['--dest-tls-verify=false', ...flags, `oci:${directory}:latest`, `docker://${reference}`];
  await mustRun('skopeo', ['copy', '--quiet', ...target]);
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
