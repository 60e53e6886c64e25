import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Placement } from '../../../src/image/erofs/placement.ts';

const lengths = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 32, max: 4096 }) },
    { weight: 4, arbitrary: fc.constantFrom(32, 64) },
    { weight: 1, arbitrary: fc.integer({ min: 4097, max: 70_000 }) },
  ),
  { minLength: 1, maxLength: 200 },
);

test('never overlaps, never splits what fits into a block, and lists by place', () => {
  fc.assert(
    fc.property(lengths, fc.nat({ max: 9000 }), (all, reserved) => {
      const placement = new Placement(all.length, reserved);
      all.forEach((length, index) => {
        placement.place(index, length);
      });
      const order = [...placement.inOrder()];
      expect(order.toSorted((a, b) => a - b)).toEqual([...all.keys()]);
      let end = reserved;
      for (const index of order) {
        const start = placement.slots[index]! * 32;
        expect(start).toBeGreaterThanOrEqual(end);
        const length = all[index]!;
        if (length > 4096) expect(start % 4096).toBe(0);
        else expect((start % 4096) + length).toBeLessThanOrEqual(4096);
        end = start + length;
      }
      expect(placement.blocks).toBe(Math.ceil(end / 4096));
    }),
  );
});

test('fills gaps with what fits best', () => {
  const placement = new Placement(4, 0);
  placement.place(0, 4000);
  placement.place(1, 3000);
  placement.place(2, 96);
  placement.place(3, 96);
  expect([...placement.slots]).toEqual([0, 128, 125, 128 + 94]);
  expect(placement.blocks).toBe(2);
});

test('never gives the first inode the number 0', () => {
  for (const reserved of [0, 4, 32, 4095, 4096, 8192]) {
    const placement = new Placement(1, reserved);
    placement.place(0, 64);
    expect(placement.nid(0, Math.floor(reserved / 4096) - 1)).toBeGreaterThan(0);
  }
});
