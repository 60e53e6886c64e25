import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Architecture } from '../../src/image/architecture.ts';
import { DdiWriter } from '../../src/image/ddi.ts';
import { uuidBytes, uuidText } from '../../src/image/guid.ts';
import type { Signer } from '../../src/image/signature/signer.ts';
import { hmacSha256, sha256 } from '../../src/platform/hash.ts';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';
import { MemoryFile } from './memory-file.ts';
import { replayingSigner, testSigner } from './test-signer.ts';

const SEED = uuidBytes('6f1b0bcb-4a43-5b52-8d1a-111111111111');

/** An image of test/fixtures/repart; bytes by their places, without the code under test. */
function repartImage(name: string) {
  const image = gunzipSync(readFileSync(new URL(`../fixtures/repart/${name}.raw.gz`, import.meta.url)));
  const start = (partition: number) => 512 * Number(image.readBigUInt64LE(1024 + 128 * partition + 32));
  const blocks = Number(image.readBigUInt64LE(start(1) + 72));
  return {
    image,
    fileSystem: image.subarray(start(0), start(0) + 4096 * blocks),
    signature: (): Uint8Array => {
      const json = image.subarray(start(2), image.indexOf(0, start(2))).toString();
      return Buffer.from(JSON.parse(json).signature, 'base64');
    },
  };
}

async function rebuild(fileSystem: Uint8Array, architecture: Architecture, signer: Signer | undefined) {
  const file = new MemoryFile();
  const writer = new DdiWriter({
    file,
    architecture,
    seed: SEED,
    signer,
    hasher: sha256Blocks,
    hmac: hmacSha256,
    sha256,
  });
  for (let start = 0; start < fileSystem.length; start += 5 * 4096) {
    await writer.sink.append(fileSystem.subarray(start, start + 5 * 4096));
  }
  return { summary: await writer.finish(), content: file.content, uuid: writer.fileSystemUuid };
}

test.each([
  { name: 'one-block', architecture: 'x86-64', signed: true, blocks: 1 },
  { name: 'unsigned', architecture: 'x86-64', signed: false, blocks: 245 },
  { name: 'large', architecture: 'x86-64', signed: true, blocks: 1100 },
] as const)(
  'writes $name as systemd-repart did, byte for byte',
  async ({ name, architecture, signed, blocks }) => {
    const { image, fileSystem } = repartImage(name);
    const signer = signed ? testSigner('rsa') : undefined;
    const { summary, content, uuid } = await rebuild(fileSystem, architecture, signer);
    expect(Buffer.compare(content, image)).toBe(0);
    expect(uuidText(uuid)).toBe(uuidText(fileSystem.subarray(1024 + 48, 1024 + 64)));
    expect(summary).toMatchObject({ dataBlocks: blocks, fileSize: image.length });
    expect(summary.partitions.map(({ label }) => label)).toEqual(
      ['root-x86-64', 'root-x86-64-verity', 'root-x86-64-verity-sig'].slice(0, signed ? 3 : 2),
    );
    expect(summary.certificateFingerprint !== undefined).toBe(signed);
    expect(`${summary.partitions[0]!.guid}${summary.partitions[1]!.guid}`.replaceAll('-', '')).toBe(
      summary.rootHash,
    );
  },
);

test('writes an arm64 image signed with P-384 as systemd-repart did, given the same signature', async () => {
  const { image, fileSystem, signature } = repartImage('arm64-p384');
  const { content } = await rebuild(fileSystem, 'arm64', replayingSigner('ec-p384', signature()));
  expect(Buffer.compare(content, image)).toBe(0);
});
