import { createHash, randomBytes } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unpackedBeside } from '../../../src/source/unpack/unpack-in-thread.ts';
import type { PackedLayer } from '../../../src/source/unpack/unpacked-layer.ts';

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** More than a thread is started for, and not a multiple of anything. */
const content = randomBytes(36 * 1024 * 1024 + 12_345);
const packings = [
  ['gzip', gzipSync(content, { level: 1 })],
  ['zstd', zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })],
  ['no compression', content],
] as const;

function layerOf(packed: Uint8Array): PackedLayer {
  const stored = { digest: sha256(packed), size: packed.length };
  return { description: 'layer x', stored, unpackedDigest: sha256(content) };
}

/** A source that knows whether it was closed. */
function sourceOf(packed: Uint8Array): { bytes: AsyncIterable<Uint8Array>; isClosed(): boolean } {
  let isClosed = false;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < packed.length; at += 65_000) yield packed.slice(at, at + 65_000);
    } finally {
      isClosed = true;
    }
  }
  return { bytes: bytes(), isClosed: () => isClosed };
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

describe.each(packings)('a large layer with %s', (_, packed) => {
  it('is unpacked', async () => {
    const unpacked = await read(unpackedBeside(sourceOf(packed).bytes, layerOf(packed)));
    expect(unpacked.equals(content)).toBe(true);
  });

  it('is refused at its end when it has another digest', async () => {
    const layer = { ...layerOf(packed), unpackedDigest: sha256(Buffer.from('another')) };
    const source = sourceOf(packed);
    await expect(read(unpackedBeside(source.bytes, layer))).rejects.toMatchObject({
      name: 'SourceError',
      code: 'digest-mismatch',
      message: expect.stringContaining('layer x unpacked'),
      hint: expect.any(String),
    });
    expect(source.isClosed()).toBe(true);
  });

  it('is refused when it is truncated', async () => {
    const source = sourceOf(packed.subarray(0, -1000));
    await expect(read(unpackedBeside(source.bytes, layerOf(packed)))).rejects.toMatchObject({
      name: 'SourceError',
    });
  });

  it('passes on what its source fails with', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield packed.subarray(0, 10_000_000);
      throw new Error('the network is gone');
    }
    await expect(read(unpackedBeside(failing(), layerOf(packed)))).rejects.toThrow('the network is gone');
  });

  it('closes its source when nothing more is wanted', async () => {
    const source = sourceOf(packed);
    for await (const _piece of unpackedBeside(source.bytes, layerOf(packed))) break;
    expect(source.isClosed()).toBe(true);
  });
});

it('is read no further ahead than the rings are long', async () => {
  const [, packed] = packings[0];
  let given = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of sourceOf(packed).bytes) {
      given += piece.length;
      yield piece;
    }
  }
  let taken = 0;
  for await (const piece of unpackedBeside(counted(), layerOf(packed))) {
    taken += piece.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(given - taken).toBeLessThan(20_000_000);
  }
});

describe('the digest of the archive', () => {
  const zeros = gzipSync(Buffer.alloc(40 * 1024 * 1024));
  const noise = gzipSync(randomBytes(40 * 1024 * 1024), { level: 0 });
  const long = Buffer.concat([noise, zeros]);

  it.each([
    ['does nothing else', 0],
    ['is slower than the thread', 30],
  ])('is checked where the reader %s', async (_, delay) => {
    const layer = { ...layerOf(long), unpackedDigest: sha256(Buffer.from('another')) };
    let taken = 0;
    const reading = async (): Promise<void> => {
      for await (const piece of unpackedBeside(sourceOf(long).bytes, layer)) {
        taken += piece.length;
        if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'digest-mismatch' });
    expect(taken).toBe(80 * 1024 * 1024);
  });
});
