import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PartialFile } from '../../../src/node/download/partial-file.ts';
import type { HostDirectory } from '../../../src/node/host/host.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';
import { failsWith, faultyHost } from '../faulty-host.ts';

let root: string;
let directory: HostDirectory;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'partial-'));
  directory = nodeHost({ root, environment: {} }).openDirectory('/')!;
});
afterEach(() => {
  directory[Symbol.dispose]();
  fs.rmSync(root, { recursive: true });
});

const MEBIBYTE = 1024 * 1024;
const OPTIONS = { limit: 2 ** 40, wantsDigest: false };
const RECORD = { uri: 'https://example.org/a.raw', validator: '"tag"', total: 100 * MEBIBYTE };
const bytes = randomBytes(70 * MEBIBYTE);

/** Writes a part as a download does, and ends as SIGKILL ends it: without a word. */
async function writePart(size: number): Promise<void> {
  const partial = await PartialFile.open(directory, 'a.raw', OPTIONS);
  await partial.begin(RECORD, RECORD.total);
  for (let offset = 0; offset < size; offset += 16_000) {
    await partial.write(bytes.subarray(offset, Math.min(size, offset + 16_000)));
  }
  await partial.flush();
  const paths = ['.#a.raw.part', '.#a.raw.from'].map((name) => join(root, name));
  const copies = paths.map((path) => fs.readFileSync(path));
  await partial[Symbol.asyncDispose]();
  for (const [index, path] of paths.entries()) fs.writeFileSync(path, copies[index]!);
}

test('its size counts what is still being written', async () => {
  await using partial = await PartialFile.open(directory, 'a.raw', OPTIONS);
  await partial.begin(RECORD, RECORD.total);
  let size = 0;
  for (const length of [1, 600_000, 0, 2_000_000, 512 * 1024, 3]) {
    await partial.write(bytes.subarray(size, size + length));
    size += length;
    expect(partial.size).toBe(size);
  }
  await partial.flush();
  expect(fs.readFileSync(join(root, '.#a.raw.part')).equals(bytes.subarray(0, size))).toBe(true);
});

test('after a kill, only what was made durable is gone on with', async () => {
  await writePart(70 * MEBIBYTE);
  const lines = fs.readFileSync(join(root, '.#a.raw.from'), 'utf8').trim().split('\n');
  const durable = Number(lines.at(-1));
  expect(durable).toBeGreaterThanOrEqual(32 * MEBIBYTE);
  // What a power cut makes of the rest.
  fs.truncateSync(join(root, '.#a.raw.part'), durable);
  fs.truncateSync(join(root, '.#a.raw.part'), 70 * MEBIBYTE);

  await using partial = await PartialFile.open(directory, 'a.raw', { ...OPTIONS, wantsDigest: true });
  expect(await partial.takeUp(RECORD.uri)).toEqual(RECORD);
  expect(partial.size).toBe(durable);
  await partial.write(bytes.subarray(durable));
  await partial.complete();
  expect(await partial.digest(undefined)).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(directory.list()).toEqual(['.#a.raw.part']);
});

test.each<[string, (record: string) => string]>([
  ['of another URI', (record) => record.replace('example.org', 'example.com')],
  ['of nothing durable', (record) => `${record.split('\n')[0]}\n`],
  ['that was cut off', (record) => record.slice(0, 20)],
  ['whose numbers are none', (record) => `${record.split('\n')[0]}\n1e9\n`],
  ['of more than there is', (record) => `${record}90000000\n`],
  ['that is no record', () => '[]\n1000\n'],
  ['without end', (record) => record + '1000\n'.repeat(20_000)],
])('a record %s lets nothing be gone on with', async (_, change) => {
  await writePart(40 * MEBIBYTE);
  const path = join(root, '.#a.raw.from');
  fs.writeFileSync(path, change(fs.readFileSync(path, 'utf8')));
  await using partial = await PartialFile.open(directory, 'a.raw', OPTIONS);
  expect(await partial.takeUp(RECORD.uri)).toBeUndefined();
});

test('the last number of a record counts only when its line is whole', async () => {
  await writePart(40 * MEBIBYTE);
  fs.appendFileSync(join(root, '.#a.raw.from'), '1000');
  await using partial = await PartialFile.open(directory, 'a.raw', OPTIONS);
  await partial.takeUp(RECORD.uri);
  expect(partial.size).toBeGreaterThanOrEqual(32 * MEBIBYTE);
});

test('what another download left stays until there is something to put in its place', async () => {
  await writePart(40 * MEBIBYTE);
  const partial = await PartialFile.open(directory, 'a.raw', OPTIONS);
  expect(await partial.takeUp('https://example.org/spelled-wrong/a.raw')).toBeUndefined();
  await partial[Symbol.asyncDispose]();
  await using again = await PartialFile.open(directory, 'a.raw', OPTIONS);
  expect(await again.takeUp(RECORD.uri)).toEqual(RECORD);
});

test('a link planted in its place is not followed', async () => {
  const outside = join(root, 'outside');
  fs.writeFileSync(outside, 'precious');
  fs.symlinkSync('outside', join(root, '.#a.raw.part'));
  await expect(PartialFile.open(directory, 'a.raw', OPTIONS)).rejects.toMatchObject({ code: 'io' });
  expect(fs.readFileSync(outside, 'utf8')).toBe('precious');
});

test('whatever call fails, the error is told and the next download works', async () => {
  let calls = Number.POSITIVE_INFINITY;
  for (let n = 1; n <= calls; n++) {
    const host = faultyHost(nodeHost({ root, environment: {} }), n, failsWith('ENOSPC'));
    using faulty = host.openDirectory('/')!;
    const run = async (): Promise<void> => {
      await using partial = await PartialFile.open(faulty, 'a.raw', OPTIONS);
      await partial.begin(RECORD, RECORD.total);
      await partial.write(bytes);
      await partial.complete();
    };
    const error = await run().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (host.calls.length < n) {
      expect(error).toBeUndefined();
      calls = n;
    } else {
      expect(String(error)).toContain('ENOSPC');
    }
  }
  await using partial = await PartialFile.open(directory, 'a.raw', OPTIONS);
  await partial.begin(undefined, undefined);
  await partial.complete();
});
