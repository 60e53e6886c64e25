import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readingAhead } from '../../src/boot/read-ahead.ts';
import type { ByteSource } from '../../src/image/byte-source.ts';
import { noise } from '../image/write-test-image.ts';

const BYTES = noise(300);

function counted(isAsync: boolean): ByteSource & { reads: number } {
  return {
    size: BYTES.length,
    reads: 0,
    read(offset, length) {
      this.reads += 1;
      const bytes = BYTES.subarray(offset, offset + length);
      return isAsync ? new Promise((resolve) => setImmediate(() => resolve(bytes))) : bytes;
    },
  };
}

test('the bytes are the same, wherever and in which order they are read', async () => {
  const range = fc
    .tuple(fc.nat(BYTES.length), fc.nat(200_000))
    .map(([offset, length]) => [offset, Math.min(length, BYTES.length - offset)] as const);
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 30 }), fc.boolean(), async (ranges, isAsync) => {
      const source = readingAhead(counted(isAsync));
      const read = await Promise.all(ranges.map(([offset, length]) => source.read(offset, length)));
      for (const [index, [offset, length]] of ranges.entries()) {
        expect(Buffer.compare(read[index]!, BYTES.subarray(offset, offset + length))).toBe(0);
      }
    }),
    { numRuns: 50 },
  );
});

test('small pieces that lie together are one read', async () => {
  const source = counted(true);
  const ahead = readingAhead(source);
  await Promise.all(Array.from({ length: 32 }, (_, index) => ahead.read(index * 4096, 64)));
  expect(source.reads).toBe(1);
});

test('what failed to be read is read again', async () => {
  let fails = true;
  const source = readingAhead({
    size: 10,
    read: () => (fails ? Promise.reject(new Error('EIO')) : BYTES.subarray(0, 10)),
  });
  await expect(source.read(0, 5)).rejects.toThrow('EIO');
  fails = false;
  expect(await source.read(0, 5)).toEqual(BYTES.subarray(0, 5));
});
