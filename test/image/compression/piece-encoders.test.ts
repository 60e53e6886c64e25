import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FittingEncoder } from '../../../src/image/compression/fitting-encoder.ts';
import { decompressLz4 } from '../../../src/image/compression/lz4.ts';
import { Lz4FastEncoder } from '../../../src/image/compression/lz4-fast-encoder.ts';
import { LZ4HC_LEVELS, Lz4HighEncoder } from '../../../src/image/compression/lz4-high-encoder.ts';
import type { PieceEncoder } from '../../../src/image/compression/piece-encoder.ts';
import { compressors } from '../../../src/platform/compressors.ts';
import { decompressors } from '../../../src/platform/decompressors.ts';
import { contentOf, contentPlans, plannedContent } from '../erofs/compressed-contents.ts';

const encoders = {
  lz4: { encoder: new Lz4FastEncoder(), decompress: decompressLz4 },
  'lz4hc 1': { encoder: new Lz4HighEncoder(LZ4HC_LEVELS.lowest), decompress: decompressLz4 },
  'lz4hc 9': { encoder: new Lz4HighEncoder(LZ4HC_LEVELS.usual), decompress: decompressLz4 },
  'lz4hc 12': { encoder: new Lz4HighEncoder(LZ4HC_LEVELS.highest), decompress: decompressLz4 },
  zstd: { encoder: new FittingEncoder(compressors.zstd(1, 19), 1 << 19), decompress: decompressors.zstd },
  deflate: {
    encoder: new FittingEncoder(compressors.deflate(1), 1 << 19),
    decompress: decompressors.deflate,
  },
};

/** The pieces of an input, each of which was decompressed again. */
function encodeAll(
  {
    encoder,
    decompress,
  }: (typeof encoders)['lz4'] | { encoder: PieceEncoder; decompress: typeof decompressLz4 },
  input: Uint8Array,
  room: number,
): Uint8Array[] {
  const output = new Uint8Array(room);
  const pieces: Uint8Array[] = [];
  encoder.load(input);
  for (let at = 0; at < input.length; ) {
    const { length, size } = encoder.encode(at, input.length, output);
    expect(length).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(room);
    const piece = output.slice(0, size);
    const content = decompress(piece, length);
    expect(Buffer.compare(content, input.subarray(at, at + length))).toBe(0);
    pieces.push(piece);
    at += length;
  }
  return pieces;
}

describe.each(Object.entries(encoders))('%s', (_, encoder) => {
  test('decompresses to what was compressed, whatever the content and the room', () => {
    fc.assert(
      fc.property(contentPlans, fc.constantFrom(64, 100, 4096, 65_536), (plan, room) => {
        const content = plannedContent(plan);
        const input = room < 4096 ? content.subarray(0, 20_000) : content;
        const pieces = encodeAll(encoder, input, room);
        const again = encodeAll(encoder, input, room);
        expect(Buffer.compare(Buffer.concat(again), Buffer.concat(pieces))).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  test('takes nothing from before the start or behind the end', () => {
    const input = contentOf('text', 0, 60_000);
    const output = new Uint8Array(4096);
    encoder.encoder.load(input);
    for (const [start, end] of [
      [30_000, 60_000],
      [10_000, 10_700],
      [0, 1],
    ] as const) {
      const { length, size } = encoder.encoder.encode(start, end, output);
      expect(start + length).toBeLessThanOrEqual(end);
      const content = encoder.decompress(output.subarray(0, size), length);
      expect(Buffer.compare(content, input.subarray(start, start + length))).toBe(0);
    }
  });

  test('uses the room', () => {
    const input = contentOf('program', 0, 1 << 20);
    for (const room of [4096, 65_536]) {
      const pieces = encodeAll(encoder, input, room).slice(0, -1);
      const unused = pieces.map((piece) => (piece.length < room / 2 ? 0 : room - piece.length));
      expect(unused.reduce((sum, size) => sum + size, 0)).toBeLessThan(0.03 * room * pieces.length);
    }
  });

  test('makes little of zeros', () => {
    const pieces = encodeAll(encoder, new Uint8Array(1 << 20), 4096);
    expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBeLessThan(8000);
  });
});

describe('LZ4', () => {
  test.each([LZ4HC_LEVELS.lowest, LZ4HC_LEVELS.usual, LZ4HC_LEVELS.highest])(
    'lz4hc %i gives what a new encoder gives, whatever it had before',
    (level) => {
      const used = new Lz4HighEncoder(level);
      const other = contentOf('program', 0, 1 << 17);
      fc.assert(
        fc.property(contentPlans, fc.integer({ min: 1, max: 9 }), fc.nat(60), (plan, period, from) => {
          // Runs are matches with themselves, which reach beyond the place that is looked at.
          const runs = Uint8Array.from(
            { length: 3000 },
            (_, index) => (index + (index % 700 < 3 ? 1 : 0)) % period,
          );
          const input = Buffer.concat([runs, plannedContent(plan).subarray(0, 30_000), runs.subarray(from)]);
          encodeAll({ encoder: used, decompress: decompressLz4 }, other.subarray(from), 4096);
          const pieces = encodeAll({ encoder: used, decompress: decompressLz4 }, input, 4096);
          const fresh = { encoder: new Lz4HighEncoder(level), decompress: decompressLz4 };
          expect(Buffer.concat(pieces).equals(Buffer.concat(encodeAll(fresh, input, 4096)))).toBe(true);
        }),
        { numRuns: 20 },
      );
    },
  );

  /** The sequences of a block, taken apart as the format describes it. */
  function sequences(block: Uint8Array): { literals: number; match: number; end: number }[] {
    const found: { literals: number; match: number; end: number }[] = [];
    let end = 0;
    for (let at = 0; at < block.length; ) {
      const token = block[at++]!;
      const rest = (length: number): number => {
        let sum = length;
        if (length === 15) {
          let byte: number;
          do {
            byte = block[at++]!;
            sum += byte;
          } while (byte === 255);
        }
        return sum;
      };
      const literals = rest(token >>> 4);
      at += literals;
      if (at === block.length) {
        found.push({ literals, match: 0, end: end + literals });
        break;
      }
      at += 2;
      const match = rest(token & 15) + 4;
      end += literals + match;
      found.push({ literals, match, end });
    }
    return found;
  }

  test.each(['lz4', 'lz4hc 9'] as const)('%s ends blocks as decoders rely on', (name) => {
    fc.assert(
      fc.property(contentPlans, fc.constantFrom(64, 200, 4096), (plan, room) => {
        const content = plannedContent(plan);
        for (const piece of encodeAll(encoders[name], content.subarray(0, 30_000), room)) {
          const found = sequences(piece);
          const { end } = found.at(-1)!;
          expect(found.at(-1)!.match).toBe(0);
          if (found.length === 1) continue;
          expect(found.at(-1)!.literals).toBeGreaterThanOrEqual(5);
          // No match begins in the last 12 bytes.
          const last = found.at(-2)!;
          expect(end - (last.end - last.match)).toBeGreaterThanOrEqual(12);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('compresses better at higher levels', () => {
    const input = contentOf('program', 0, 2 << 20);
    const size = (encoder: PieceEncoder): number =>
      encodeAll({ encoder, decompress: decompressLz4 }, input, 65_536).reduce(
        (sum, piece) => sum + piece.length,
        0,
      );
    const sizes = [new Lz4FastEncoder(), ...[1, 4, 9].map((level) => new Lz4HighEncoder(level))].map(size);
    expect(sizes).toEqual([...sizes].sort((one, other) => other - one));
    expect(sizes.at(-1)).toBeLessThan(0.9 * sizes[0]!);
  });
});
