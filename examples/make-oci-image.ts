/**
 * Makes a container image of two layers, as an OCI layout, without any container tool: a base layer that only
 * stands for one, and a last layer from the tree given.
 *
 * Usage: node examples/make-oci-image.ts TREE OUTPUT_DIRECTORY TAG
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [tree, output, tag] = process.argv.slice(2);
if (tree === undefined || output === undefined || tag === undefined) {
  console.error('usage: node examples/make-oci-image.ts TREE OUTPUT_DIRECTORY TAG');
  process.exit(2);
}
const blobs = join(output, 'blobs', 'sha256');
mkdirSync(blobs, { recursive: true });

function putBlob(mediaType: string, bytes: Uint8Array) {
  const hex = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(join(blobs, hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

function putJson(mediaType: string, value: unknown) {
  return putBlob(mediaType, Buffer.from(JSON.stringify(value)));
}

/** Everything in the layer belongs to root, whoever runs this: GNU tar and BSD's spell it differently. */
const OWNER = process.platform === 'linux' ? ['--owner=0', '--group=0'] : ['--uid', '0', '--gid', '0'];

function putLayer(directory: string) {
  const tar = execFileSync('tar', [...OWNER, '-C', directory, '-cf', '-', '.'], { maxBuffer: 2 ** 31 - 1 });
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
  const descriptor = putBlob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar, { level: 1 }));
  return { diffId, descriptor };
}

const base = mkdtempSync(join(tmpdir(), 'base-layer-'));
mkdirSync(join(base, 'etc'));
writeFileSync(join(base, 'etc', 'motd'), 'This file is in the base layer and so not in the extension.\n');
const layers = [putLayer(base), putLayer(tree)];
rmSync(base, { recursive: true });

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const config = putJson('application/vnd.oci.image.config.v1+json', {
  architecture,
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
});
const manifest = putJson('application/vnd.oci.image.manifest.v1+json', {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config,
  layers: layers.map(({ descriptor }) => descriptor),
});
writeFileSync(
  join(output, 'index.json'),
  JSON.stringify({
    schemaVersion: 2,
    manifests: [{ ...manifest, annotations: { 'org.opencontainers.image.ref.name': tag } }],
  }),
);
writeFileSync(join(output, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
