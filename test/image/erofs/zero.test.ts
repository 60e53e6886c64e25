import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isZero } from '../../../src/image/erofs/zero.ts';

test('finds a single byte anywhere, at any alignment and length', () => {
  fc.assert(
    fc.property(fc.nat({ max: 9 }), fc.nat({ max: 200 }), fc.nat({ max: 220 }), (start, length, dirty) => {
      const buffer = new Uint8Array(220);
      const bytes = buffer.subarray(start, start + length);
      expect(isZero(bytes)).toBe(true);
      buffer[dirty] = 0x80;
      expect(isZero(bytes)).toBe(dirty < start || dirty >= start + bytes.length);
    }),
    { numRuns: 1000 },
  );
});
