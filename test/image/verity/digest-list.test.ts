import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DigestList } from '../../../src/image/verity/digest-list.ts';

/** Digests that differ by their numbers. */
function digests(first: number, count: number): Buffer {
  const bytes = Buffer.alloc(32 * count, 0x55);
  for (let index = 0; index < count; index++) bytes.writeUInt32LE(first + index, 32 * index);
  return bytes;
}

// A chunk holds 32,768 digests.
const count = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 30_000, max: 70_000 }));

test('is an array of digests, whatever was appended, cut and set', () => {
  const steps = fc.array(fc.tuple(count, fc.nat(1000), fc.nat(1000)), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(steps, (steps) => {
      const list = new DigestList();
      let model: Buffer = Buffer.alloc(0);
      let next = 0;
      for (const [count, keep, place] of steps) {
        const kept = Math.floor((list.count * keep) / 1000);
        list.truncate(kept);
        model = Buffer.concat([model.subarray(0, 32 * kept), digests(next, count)]);
        list.append(digests(next, count));
        next += count;
        const index = Math.floor(((list.count - 1) * place) / 1000);
        list.set(index, digests(next, 1));
        digests(next, 1).copy(model, 32 * index);
        next += 1;

        expect(list.count).toBe(model.length / 32);
        const start = Math.floor(index / 2);
        const slice = list.slice(start, list.count - start);
        expect(Buffer.compare(slice, model.subarray(32 * start))).toBe(0);
        const blocks = Buffer.concat([...list.blocks()]);
        expect(blocks.length).toBe(4096 * Math.ceil(list.count / 128));
        expect(Buffer.compare(blocks.subarray(0, model.length), model)).toBe(0);
        expect(blocks.subarray(model.length).every((byte) => byte === 0)).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});

test('has no blocks when it is empty, and is not lengthened by truncation', () => {
  const list = new DigestList();
  list.truncate(5);
  expect(list.count).toBe(0);
  expect([...list.blocks()]).toEqual([]);
});
