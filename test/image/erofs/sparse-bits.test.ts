import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SparseBits } from '../../../src/image/erofs/sparse-bits.ts';

test('it is the set of the numbers that were added', () => {
  // Around the ends of words and pages, and beyond what 32 bits hold.
  const number = fc
    .tuple(fc.constantFrom(0, 2048, 2048 * 5, 2 ** 35), fc.integer({ min: -70, max: 70 }))
    .map(([page, offset]) => Math.max(0, page + offset));
  const length = fc.oneof(fc.nat(70), fc.nat(3000));
  fc.assert(
    fc.property(fc.array(fc.tuple(number, length, fc.boolean()), { maxLength: 20 }), (steps) => {
      const bits = new SparseBits();
      const numbers = new Set<number>();
      for (const [from, size, adds] of steps) {
        const to = from + size;
        let first = from;
        while (first < to && !numbers.has(first)) first += 1;
        expect([bits.firstIn(from, to), bits.hasAny(from, to), bits.has(from)]).toEqual([
          first,
          first < to,
          numbers.has(from),
        ]);
        if (!adds) continue;
        expect(bits.addUntil(from, to)).toBe(first);
        for (let number = from; number < first; number++) numbers.add(number);
      }
    }),
    { numRuns: 500 },
  );
});
