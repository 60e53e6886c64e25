import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScratchFile } from '../../src/platform/scratch-file.ts';

const MEBIBYTE = 1024 * 1024;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scratch-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Bytes that tell where they are from. */
function pattern(seed: number, length: number): Buffer {
  const bytes = Buffer.alloc(length, seed);
  for (let place = 0; place + 4 <= length; place += 1000) bytes.writeUInt32LE(seed * 65536 + place, place);
  return bytes;
}

test('gives back every append, in memory or spilled, in any order', async () => {
  const lengths = fc.array(
    fc.oneof(
      fc.nat(5000),
      fc.integer({ min: 100_000, max: 3 * MEBIBYTE }),
      fc.constantFrom(0, 1, MEBIBYTE, 31 * MEBIBYTE, 33 * MEBIBYTE),
    ),
    { minLength: 1, maxLength: 30, size: 'max' },
  );
  let files = 0;
  await fc.assert(
    fc.asyncProperty(lengths, fc.infiniteStream(fc.nat(1000)), async (lengths, order) => {
      const scratch = new ScratchFile(join(directory, `${files++}`));
      const kept: { offset: number; bytes: Buffer }[] = [];
      for (const [seed, length] of lengths.entries()) {
        const bytes = pattern(seed, length);
        const offset = await scratch.append(bytes);
        kept.push({ offset, bytes: pattern(seed, length) });
        bytes.fill(0xee);
        const again = kept[order.next().value! % kept.length]!;
        const part = Math.min(again.bytes.length, order.next().value!);
        expect(Buffer.compare(await scratch.read(again.offset, part), again.bytes.subarray(0, part))).toBe(0);
      }
      for (const { offset, bytes } of [...kept, ...kept.toReversed()]) {
        expect(Buffer.compare(await scratch.read(offset, bytes.length), bytes)).toBe(0);
      }
      await scratch.close();
    }),
    { numRuns: 12 },
  );
  expect(readdirSync(directory)).toEqual([]);
});

test('leaves no file to be found, not even while it is in use', async () => {
  const path = join(directory, 'spill');
  const scratch = new ScratchFile(path);
  await scratch.append(pattern(1, 40 * MEBIBYTE));
  expect(existsSync(path)).toBe(false);
  expect(
    Buffer.compare(
      await scratch.read(35 * MEBIBYTE, 10),
      pattern(1, 40 * MEBIBYTE).subarray(35 * MEBIBYTE, 35 * MEBIBYTE + 10),
    ),
  ).toBe(0);
  await scratch.close();
  await scratch.close();
});

test('does not write over a file that is there', async () => {
  const path = join(directory, 'spill');
  writeFileSync(path, 'mine');
  const scratch = new ScratchFile(path);
  await expect(scratch.append(new Uint8Array(40 * MEBIBYTE))).rejects.toMatchObject({ code: 'EEXIST' });
  await scratch.close();
  expect(existsSync(path)).toBe(true);
});

test('refuses to read what was not appended', async () => {
  const scratch = new ScratchFile(join(directory, 'spill'));
  await scratch.append(new Uint8Array(10));
  expect(() => scratch.read(5, 6)).toThrow(RangeError);
  expect(() => scratch.read(-1, 2)).toThrow(RangeError);
});
