import { expect, test } from 'vitest';
import { ByteRange } from '../../src/image/byte-range.ts';
import type { ByteSource } from '../../src/image/byte-source.ts';
import { memorySource } from './memory-image.ts';

const BYTES = Uint8Array.from({ length: 100 }, (_, index) => index);
const filling: ByteSource = {
  size: 100,
  read: () => expect.unreachable(),
  readInto: (offset, target) => target.set(BYTES.subarray(offset, offset + target.length)),
};

test.each([
  ['reads', memorySource(BYTES)],
  ['fills', filling],
])('takes its bytes from a source that %s', async (_, source) => {
  const range = new ByteRange(new ByteRange(source, 10, 50), 5, 20);
  const target = new Uint8Array(3);
  await range.readInto(17, target);
  expect([...target]).toEqual([32, 33, 34]);
  if (source !== filling) expect(await range.read(17, 3)).toEqual(target);
});

test('is a part of the same file, if its source is in one', () => {
  expect(new ByteRange(memorySource(BYTES), 10, 50).file).toBeUndefined();
  const range = new ByteRange({ ...memorySource(BYTES), file: { descriptor: 7, offset: 1000 } }, 10, 50);
  expect(new ByteRange(range, 5, 20).file).toEqual({ descriptor: 7, offset: 1015 });
});

test('has no bytes outside of it', async () => {
  const range = new ByteRange(memorySource(BYTES), 10, 20);
  for (const [offset, length] of [
    [18, 3],
    [-1, 1],
    [0, -1],
    [Number.NaN, 1],
  ] as const) {
    expect(() => range.read(offset, length)).toThrow(RangeError);
  }
  await expect(range.readInto(18, new Uint8Array(3))).rejects.toThrow(RangeError);
  for (const [start, size] of [
    [90, 11],
    [-1, 5],
    [101, 0],
  ] as const) {
    expect(() => new ByteRange(memorySource(BYTES), start, size)).toThrow(RangeError);
  }
});
