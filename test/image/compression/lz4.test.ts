import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decompressLz4 } from '../../../src/image/compression/lz4.ts';

/** A part of a block: literals, then a match unless it is the last. */
interface Sequence {
  readonly literals: Uint8Array;
  readonly distance: number;
  readonly length: number;
}

const extraLength = (length: number): number[] =>
  length < 15 ? [] : [...new Array(Math.floor((length - 15) / 255)).fill(255), (length - 15) % 255];

/** A block as lz4_Block_format.md describes it, and what it stands for, byte by byte. */
function write(sequences: readonly Sequence[], last: Uint8Array): { block: Uint8Array; plain: number[] } {
  const block: number[] = [];
  const plain: number[] = [];
  for (const { literals, distance, length } of sequences) {
    plain.push(...literals);
    if (plain.length === 0) continue;
    const back = 1 + (distance % Math.min(plain.length, 65535));
    block.push((Math.min(literals.length, 15) << 4) | Math.min(length - 4, 15));
    block.push(
      ...extraLength(literals.length),
      ...literals,
      back & 0xff,
      back >> 8,
      ...extraLength(length - 4),
    );
    for (let count = 0; count < length; count++) plain.push(plain[plain.length - back]!);
  }
  block.push(Math.min(last.length, 15) << 4, ...extraLength(last.length), ...last);
  return { block: Uint8Array.from(block), plain: [...plain, ...last] };
}

const literals = fc.uint8Array({ maxLength: 600 });
const sequence = fc.record({
  literals,
  distance: fc.oneof(fc.nat(16), fc.nat(70_000)),
  length: fc.oneof(fc.integer({ min: 4, max: 40 }), fc.integer({ min: 4, max: 3000 })),
});

describe('an LZ4 block', () => {
  test('of any sequences is what they stand for', () => {
    fc.assert(
      fc.property(fc.array(sequence, { maxLength: 20 }), literals, (sequences, last) => {
        const { block, plain } = write(sequences, last);
        expect(Buffer.compare(decompressLz4(block, plain.length), Uint8Array.from(plain))).toBe(0);
      }),
    );
  });

  test('of nothing is a byte', () => {
    expect(decompressLz4(Uint8Array.of(0), 10)).toEqual(new Uint8Array());
    expect(() => decompressLz4(new Uint8Array(), 10)).toThrow('cut off before a sequence');
  });

  test.each([
    ['a match before the output', [0x10, 1, 2, 0, 0], 'begins before the output'],
    ['a distance of 0', [0x10, 1, 0, 0, 0], 'begins before the output'],
    ['no distance', [0x10, 1, 1], 'cut off in a distance'],
    ['too few literals', [0x30, 1, 1], 'cut off in literals'],
    ['a length without end', [0xf0, 255, 255], 'cut off in a length'],
    ['a match and nothing after it', [0x10, 1, 1, 0], 'cut off before a sequence'],
  ])('with %s is refused', (_, block, message) => {
    expect(() => decompressLz4(Uint8Array.from(block), 100)).toThrow(message);
  });

  test('is not looked at behind the output that is asked for', () => {
    expect(decompressLz4(Uint8Array.of(0x1f, 7, 1, 0, 255, 255, 0, 9, 9), 50)).toEqual(
      new Uint8Array(50).fill(7),
    );
  });
});
