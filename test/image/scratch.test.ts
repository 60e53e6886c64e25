import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryScratch } from '../../src/image/scratch.ts';

test('gives back what was appended, whatever the lengths', () => {
  const lengths = fc.oneof(fc.nat({ max: 5000 }), fc.integer({ min: 500_000, max: 2_500_000 }));
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 12 }), (all) => {
      const scratch = new MemoryScratch();
      const kept = all.map((length, index) => {
        const bytes = new Uint8Array(length).map((_, at) => index + at + (at >> 8));
        const offset = scratch.append(bytes);
        const copy = bytes.slice();
        bytes.fill(0);
        return { offset, copy };
      });
      for (const { offset, copy } of kept) {
        expect(Buffer.compare(scratch.read(offset, copy.length), copy)).toBe(0);
      }
    }),
    { numRuns: 30 },
  );
});

test('does not move what it holds: a view stays valid while more is appended', () => {
  const scratch = new MemoryScratch();
  const view = scratch.read(scratch.append(Uint8Array.of(1, 2, 3)), 3);
  for (let count = 0; count < 5; count++) scratch.append(new Uint8Array(1_000_000));
  expect(scratch.read(0, 3).buffer).toBe(view.buffer);
});

test.each([
  [0, 4],
  [-1, 1],
  [3, 1],
  [4, 0],
])('refuses to read %i, %i of 3 bytes', (offset, length) => {
  const scratch = new MemoryScratch();
  scratch.append(new Uint8Array(3));
  expect(() => scratch.read(offset, length)).toThrow(RangeError);
});
