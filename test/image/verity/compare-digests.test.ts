import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differingBlocks } from '../../../src/image/verity/compare-digests.ts';

test('tells which digests differ, wherever they lie in memory and whichever of their bytes it is', () => {
  const sizes = fc.constantFrom([32, 32], [20, 32], [48, 64], [64, 64], [5, 8], [6, 7]);
  const place = fc.tuple(fc.nat(7), fc.nat(7));
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 4 });
  fc.assert(
    fc.property(
      sizes,
      fc.nat(20),
      place,
      changes,
      ([size = 0, stride = 0], count, [left, right], changed) => {
        const found = new Uint8Array(left + count * size).subarray(left);
        found.forEach((_, index) => {
          found[index] = index * 7;
        });
        const memory = new Uint8Array(right + count * stride + 9).fill(0xee);
        const expected = memory.subarray(right);
        for (let index = 0; index < count; index++) {
          expected.set(found.subarray(index * size, (index + 1) * size), index * stride);
        }
        const differing = new Set<number>();
        for (const [at, mask] of count === 0 ? [] : changed) {
          const byte = at % (count * size);
          if (differing.has(Math.floor(byte / size))) continue;
          found[byte]! ^= mask;
          differing.add(Math.floor(byte / size));
        }
        const ascending = [...differing].sort((one, other) => one - other);
        expect(differingBlocks(found, size, expected, stride, count)).toEqual(ascending);
        // The last digest need not be filled up.
        const short = expected.subarray(0, Math.max(0, (count - 1) * stride + size));
        expect(differingBlocks(found, size, short, stride, count)).toEqual(ascending);
      },
    ),
    { numRuns: 500 },
  );
});
