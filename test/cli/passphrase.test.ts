import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPassphrase } from '../../src/cli/passphrase.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'passphrase-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const read = (file: string | undefined, environmentValue?: string) =>
  readPassphrase({
    prompt: '',
    file,
    environmentValue,
    terminal: process,
    signal: AbortSignal.abort(),
  });
function passphraseFile(content: string | Uint8Array): string {
  const path = join(directory, 'passphrase');
  writeFileSync(path, content);
  return path;
}

test.each([
  ['secret', 'secret'],
  ['secret\n', 'secret'],
  ['secret\r\n', 'secret'],
  ['first\nsecond\n', 'first'],
  [' spaces \t\n', ' spaces \t'],
  ['sécret\n', 'sécret'],
])('the first line of the file %j is the passphrase', async (content, passphrase) => {
  expect(Buffer.from(await read(passphraseFile(content))).toString()).toBe(passphrase);
});

test('a passphrase in a file may be any bytes', async () => {
  expect(await read(passphraseFile(Uint8Array.of(0xff, 0, 0xfe, 10)))).toEqual(Buffer.of(0xff, 0, 0xfe));
});

test('the file comes before the environment', async () => {
  expect(`${await read(passphraseFile('of the file'), 'of the environment')}`).toBe('of the file');
  expect(await read(undefined, 'of the environment')).toBe('of the environment');
});

test.each([
  ['', /empty/],
  ['\nsecret', /empty/],
  ['x'.repeat(1024 * 1024 + 1), /1 MiB/],
])('a file without a passphrase is refused', async (content, message) => {
  await expect(read(passphraseFile(content), 'not used')).rejects.toMatchObject({
    code: 'unreadable-passphrase',
    message: expect.stringMatching(message),
  });
});

test('a missing file is refused, whatever the environment holds', async () => {
  await expect(read(join(directory, 'none'), 'not used')).rejects.toMatchObject({
    code: 'unreadable-passphrase',
    message: expect.stringMatching(/none: no such file/),
  });
});
