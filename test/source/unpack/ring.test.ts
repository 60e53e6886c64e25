import { expect, it } from 'vitest';
import { createRing, handOver, takeOver } from '../../../src/source/unpack/ring.ts';

it('who waits for a slot does meanwhile what there is to do, and no more once it comes', () => {
  const { filled } = createRing(2, 8);
  let left = 5;
  let asked = 0;
  const length = takeOver(filled, 0, () => {
    asked += 1;
    if (left === 0) {
      // After a while in which there was nothing.
      if (asked === 8) handOver(filled, 3);
      return false;
    }
    left -= 1;
    return true;
  });
  expect(length).toBe(3);
  expect(left).toBe(0);
  expect(asked).toBe(8);
});
