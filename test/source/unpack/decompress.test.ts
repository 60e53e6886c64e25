import { randomBytes } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unpacked } from '../../../src/source/unpack/decompress.ts';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function unpack(bytes: Uint8Array, size = 1000): Promise<Buffer> {
  const out: Uint8Array[] = [];
  for await (const piece of unpacked(pieces(bytes, size), 'layer x')) out.push(Buffer.from(piece));
  return Buffer.concat(out);
}

const text = Buffer.from('all work and no play '.repeat(20_000));
const packers = [
  ['gzip', (bytes: Uint8Array) => gzipSync(bytes)],
  ['zstd', (bytes: Uint8Array) => zstdCompressSync(bytes)],
] as const;

describe.each(packers)('%s', (_, pack) => {
  it('is unpacked whatever the pieces it comes in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 1, max: 50 }),
        async (bytes, size) => {
          expect(await unpack(pack(bytes), size)).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  it('may have several members', async () => {
    expect(await unpack(Buffer.concat([pack(text), pack(text)]))).toEqual(Buffer.concat([text, text]));
  });

  it('is unpacked when more is waiting than the inflater takes at once', async () => {
    const noise = randomBytes(5_000_000);
    expect((await unpack(pack(noise), 65_536)).equals(noise)).toBe(true);
  });

  it('is refused when it is truncated anywhere', async () => {
    const packed = pack(text);
    for (let length = 4; length < packed.length; length += 7) {
      await expect(unpack(packed.subarray(0, length))).rejects.toMatchObject({ code: 'malformed' });
    }
  });

  it('is refused when a byte in it was changed', async () => {
    const packed = pack(text);
    packed[packed.length >> 1]! ^= 0x55;
    // Zstandard frames have no check sum by default: then the digest of the layer tells.
    await unpack(packed).then(
      (bytes) => expect(bytes).not.toEqual(text),
      (error) => expect(error).toMatchObject({ code: 'malformed' }),
    );
  });

  it('passes an error of its source on, and reads the source to its end', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield pack(text);
      throw new Error('digest mismatch');
    }
    const read = async () => {
      for await (const _piece of unpacked(failing(), 'layer x'));
    };
    await expect(read()).rejects.toThrow('digest mismatch');
  });

  it('reads what follows the compressed data, so that a digest counts it', async () => {
    let count = 0;
    async function* counting(): AsyncGenerator<Uint8Array> {
      for await (const piece of pieces(Buffer.concat([pack(text), Buffer.alloc(3_000_000)]), 1000)) {
        count += piece.length;
        yield piece;
      }
    }
    const out: Uint8Array[] = [];
    const reading = (async () => {
      for await (const piece of unpacked(counting(), 'layer x')) out.push(Buffer.from(piece));
    })();
    // Node takes zeros after gzip for padding; after zstd anything else is damage. Either way nothing is skipped silently.
    await reading.then(
      () => {
        expect(Buffer.concat(out)).toEqual(text);
        expect(count).toBe(pack(text).length + 3_000_000);
      },
      (error) => expect(error).toMatchObject({ code: 'malformed' }),
    );
  });

  it('stops its source when the consumer stops', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        const packed = pack(text);
        for (;;) yield Buffer.from(packed);
      } finally {
        closed = true;
      }
    }
    for await (const _piece of unpacked(endless(), 'layer x')) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toBe(true);
  });
});

describe('zstd layers of many frames', () => {
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const empty = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);

  it('are unpacked whole, skippable frames left out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: 1, max: 19 }),
        fc.boolean(),
        async (contents, size, level, checksum) => {
          const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag } = constants;
          const params = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: checksum ? 1 : 0 };
          const frames = contents.map((bytes) => zstdCompressSync(bytes, { params }));
          const stream = Buffer.concat([skippable, ...frames.flatMap((frame) => [frame, empty, skippable])]);
          expect(await unpack(stream, size)).toEqual(Buffer.concat(contents));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('may have frames of many blocks, of any kind', async () => {
    const noise = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * index * 31) >> 7));
    const content = Buffer.concat([Buffer.alloc(700_000), noise, text]);
    const stream = Buffer.concat([zstdCompressSync(content), zstdCompressSync(content)]);
    expect(await unpack(stream, 65_536)).toEqual(Buffer.concat([content, content]));
  });
});

describe('a decompression bomb', () => {
  it('is stopped at the limit, however small it is packed', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    let seen = 0;
    const read = async () => {
      for await (const piece of unpacked(pieces(bomb, 65_536), 'layer x', 2 ** 20)) seen += piece.length;
    };
    await expect(read()).rejects.toMatchObject({ code: 'too-large', exitCode: 3 });
    expect(seen).toBeLessThanOrEqual(2 ** 20);
  });
});

describe('other streams', () => {
  it.each([0, 1, 3, 4, 5000])('of %i bytes pass as they are', async (length) => {
    const bytes = Buffer.alloc(length, 'usr/bin');
    expect(await unpack(bytes, 3)).toEqual(bytes);
  });
});
