import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileByteSource } from '../../src/platform/file-byte-source.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'file-byte-source-'));
  path = join(directory, 'image');
  writeFileSync(path, 'an image');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('reads what it is asked for, which stays as it is', async () => {
  await using handle = await open(path);
  const source = await FileByteSource.of(handle);
  expect(source.size).toBe(8);
  const [first, second] = [await source.read(0, 2), await source.read(3, 5)];
  expect([first, second, await source.read(8, 0)].map(String)).toEqual(
    ['an', 'image', ''].map((text) => String(Buffer.from(text))),
  );
  expect(await source.read(0, 8)).toEqual(Buffer.from('an image'));
});

test.each([
  [0, 9],
  [8, 1],
  [-1, 1],
  [0, -1],
])('has no bytes from %d on that are %d', async (offset, length) => {
  await using handle = await open(path);
  const source = await FileByteSource.of(handle);
  await expect(source.read(offset, length)).rejects.toThrow(RangeError);
});

test('reads beyond 4 GiB', async () => {
  truncateSync(path, 5 * 2 ** 30);
  await using handle = await open(path, 'r+');
  await handle.write('the end', 5 * 2 ** 30 - 7);
  const source = await FileByteSource.of(handle);
  expect(await source.read(source.size - 7, 7)).toEqual(Buffer.from('the end'));
});

test('says that a file became shorter', async () => {
  await using handle = await open(path);
  const source = await FileByteSource.of(handle);
  truncateSync(path, 4);
  await expect(source.read(0, 8)).rejects.toMatchObject({
    code: 'malformed',
    message: 'the image became shorter than 8 bytes while it was read',
  });
});

test('takes neither a directory nor a pipe', async () => {
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  for (const place of [directory, fifo, '/dev/null']) {
    await using handle = await open(place, place === fifo ? 'r+' : 'r');
    await expect(FileByteSource.of(handle)).rejects.toThrow('neither a file nor a block device');
  }
});
