/**
 * What cannot be left out, and nothing else: gets a layer from a registry, inflates it, takes both digests and writes the bytes.
 *
 * Usage: node floor.ts REGISTRY_HOST REPOSITORY TAG OUTPUT
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const [host, repository, tag, output] = process.argv.slice(2);
const accept = 'application/vnd.oci.image.manifest.v1+json';
const open = (path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(`http://${host}/v2/${repository}/${path}`, { headers: { accept } }, resolve).on('error', reject);
  });

const manifest = (await json(await open(`manifests/${tag}`))) as { layers: { digest: string }[] };
const blob = await open(`blobs/${manifest.layers.at(-1)!.digest}`);
const packed = createHash('sha256');
const content = createHash('sha256');
const counted = new PassThrough({ highWaterMark: 1 << 20 });
blob.on('data', (piece: Buffer) => packed.update(piece));
counted.on('data', (piece: Buffer) => content.update(piece));
await pipeline(
  blob,
  createGunzip({ chunkSize: 1 << 18 }),
  counted,
  createWriteStream(output!, { highWaterMark: 1 << 20 }),
);
console.log(packed.digest('hex'), content.digest('hex'));
