import { deflateRawSync, deflateSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decompressors } from '../../src/platform/decompressors.ts';

const compressors = { deflate: deflateRawSync, zlib: deflateSync, zstd: zstdCompressSync } as const;
const names = Object.keys(compressors) as (keyof typeof compressors)[];

describe.each(names)('%s', (name) => {
  const compress = compressors[name];
  const decompress = decompressors[name];

  // Among it what looks like the start of other data of the kind, or is.
  const behindIt = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from([...compress(bytes), 1])),
    fc.constantFrom(Buffer.of(0x28), Buffer.of(1, 0x28, 2), Buffer.of(0x28, 0xb5, 0x2f, 0xfd)),
  );

  test('yields what was compressed, a prefix of it, or all there is', () => {
    const data = fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 3000 })), { maxLength: 8 });
    fc.assert(
      fc.property(data, fc.nat(30_000), behindIt, (runs, size, behind) => {
        const content = Buffer.concat(runs.map(([byte, length]) => Buffer.alloc(length, byte)));
        const compressed = compress(content);
        const exact = decompress(compressed, content.length);
        expect(Buffer.compare(exact, content)).toBe(0);
        const some = decompress(Buffer.concat([compressed, behind]), size);
        expect(Buffer.compare(some, content.subarray(0, size))).toBe(0);
      }),
    );
  });

  test('yields what data that is cut off has', () => {
    const content = Buffer.from(Array.from({ length: 60_000 }, (_, index) => index ** 2 % 251));
    const compressed = compress(content);
    const some = decompress(compressed.subarray(0, compressed.length - 5), content.length);
    expect(some.length).toBeLessThanOrEqual(content.length);
    expect(Buffer.compare(some, content.subarray(0, some.length))).toBe(0);
  });

  test('yields the content whatever the level and the length', () => {
    for (const size of [0, 1, 255, 256, 65_535, 65_792, 131_072, 131_073, 700_000]) {
      const content = Buffer.from(Array.from({ length: size }, (_, index) => (index * index) >>> 7));
      const behind = Buffer.concat([compress(content), compress(content)]);
      expect(Buffer.compare(decompress(behind, size + 10), content)).toBe(0);
    }
  });

  test('refuses damaged data, and a prefix of what is larger than any piece', () => {
    expect(() => decompress(Buffer.alloc(100, 0xff), 1000)).toThrow();
    expect(() => decompress(compress(Buffer.alloc(1 << 25)), 1000)).toThrow();
  });
});
