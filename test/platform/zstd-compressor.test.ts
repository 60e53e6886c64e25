import { readFileSync } from 'node:fs';
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CHUNK_SIZE, ZstdCompressor } from '../../src/platform/zstd-compressor.ts';

const program = readFileSync(process.execPath);
const text = readFileSync('package-lock.json');

/** With a context of its own, and room as large: where there is too little, zstd takes the input in parts. */
function alone(input: Uint8Array, level: number, windowBits: number): Buffer {
  return zstdCompressSync(input, {
    chunkSize: CHUNK_SIZE,
    pledgedSrcSize: input.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: windowBits,
      [constants.ZSTD_c_contentSizeFlag]: 1,
      [constants.ZSTD_c_checksumFlag]: 0,
    },
  });
}

const input = fc
  .tuple(
    fc.constantFrom(program, text, Buffer.alloc(300_000)),
    fc.nat(1_000_000),
    fc.integer({ min: 1, max: 200_000 }),
  )
  .map(([source, start, length]) => {
    const from = start % (source.length - 1);
    return source.subarray(from, from + length);
  });

it('give what a context of its own gives, whatever was compressed before', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 22 }),
      fc.integer({ min: 12, max: 20 }),
      fc.array(input, { minLength: 1, maxLength: 8 }),
      (level, windowBits, inputs) => {
        const compressor = new ZstdCompressor(level, windowBits);
        const results = inputs.map((bytes) => compressor.compress(bytes));
        results.forEach((frame, index) => {
          expect(Buffer.compare(frame, alone(inputs[index]!, level, windowBits))).toBe(0);
        });
      },
    ),
    { numRuns: 60 },
  );
});
