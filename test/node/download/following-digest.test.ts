import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FollowingDigest } from '../../../src/node/download/following-digest.ts';
import type { HostDirectory, HostWriter } from '../../../src/node/host/host.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';

let root: string;
let directory: HostDirectory;
let writer: HostWriter;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'digest-'));
  directory = nodeHost({ root, environment: {} }).openDirectory('/')!;
  writer = directory.openWriter('file', { existing: false });
});
afterEach(async () => {
  await writer[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
  fs.rmSync(root, { recursive: true });
});

const MEBIBYTE = 1024 * 1024;
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test.each([
  ['nothing', 0, 1],
  ['a few bytes', 3, 1],
  ['a little less than what takes a thread', 15 * MEBIBYTE + 1, 100_000],
  ['what takes a thread', 16 * MEBIBYTE, MEBIBYTE],
  ['much, in pieces of any size', 40 * MEBIBYTE + 12_345, 700_001],
  ['much, at once', 50 * MEBIBYTE, 50 * MEBIBYTE],
])('the digest of %s is right', async (_, size, step) => {
  const bytes = randomBytes(size);
  const digest = new FollowingDigest(writer);
  for (let offset = 0; offset < size; offset += step) {
    await writer.write(bytes.subarray(offset, offset + step));
    digest.advance();
    // The thread catches up now and then, and waits for what comes.
    if ((offset / step) % 3 === 0) for (let turns = 0; turns < 20; turns++) await turn();
  }
  expect(await digest.finish(undefined)).toBe(digestOf(bytes));
});

test('what was there before counts', async () => {
  const bytes = randomBytes(20 * MEBIBYTE);
  await writer.write(bytes.subarray(0, 18 * MEBIBYTE));
  const digest = new FollowingDigest(writer);
  digest.advance();
  await writer.write(bytes.subarray(18 * MEBIBYTE));
  expect(await digest.finish(undefined)).toBe(digestOf(bytes));
});

test('who does not want it any more gets the reason, and the file is not read any longer', async () => {
  await writer.write(randomBytes(30 * MEBIBYTE));
  const digest = new FollowingDigest(writer);
  digest.advance();
  const controller = new AbortController();
  const finished = digest.finish(controller.signal);
  controller.abort(new Error('Ctrl-C'));
  await expect(finished).rejects.toThrow('Ctrl-C');
  await digest.stop();
  await writer.truncate(0);
});
