import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeFilesTogether } from '../../src/trust/write-files-together.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'files-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A name that can be written but, being as long as a name may be, not kept aside under a longer one. */
const LONGEST = 'b'.repeat(255);
const file = (name: string, content = 'new') => ({ name, content, secret: false });

test('a failure half-way puts every file back', async () => {
  writeFileSync(join(directory, 'a'), 'old a');
  writeFileSync(join(directory, LONGEST), 'old b');
  const writing = writeFilesTogether(directory, [file('a'), file('fresh'), file(LONGEST)], true);
  await expect(writing).rejects.toMatchObject({
    code: 'unwritable',
    message: expect.stringContaining(directory),
  });
  expect(readdirSync(directory).sort()).toEqual(['a', LONGEST]);
  expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('old a');
  expect(readFileSync(join(directory, LONGEST), 'utf8')).toBe('old b');
});

test('directories that were made for nothing are removed, those that were there are not', async () => {
  mkdirSync(join(directory, 'there'));
  const inner = join(directory, 'there', 'x', 'y');
  await expect(writeFilesTogether(inner, [file('a'), file(`${LONGEST}b`)], false)).rejects.toMatchObject({
    code: 'unwritable',
  });
  expect(readdirSync(directory, { recursive: true })).toEqual(['there']);
});

test('secrets are their owner’s whatever the umask is', async () => {
  const umask = process.umask(0);
  try {
    await writeFilesTogether(directory, [{ ...file('secret'), secret: true }, file('public')], false);
  } finally {
    process.umask(umask);
  }
  expect(statSync(join(directory, 'secret')).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'public')).mode & 0o777).toBe(0o644);
});
