import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KEY_VARIABLE_ATTRIBUTES } from '../../src/trust/efi/authenticated-variable/layout.ts';
import { writeAuthenticatedVariable } from '../../src/trust/efi/authenticated-variable/write.ts';
import { KEY_VARIABLE_VENDORS } from '../../src/trust/efi/key-variables.ts';
import { X509 } from '../../src/trust/efi/signature-list/layout.ts';
import { readSignatureLists } from '../../src/trust/efi/signature-list/read.ts';
import { type GenkeyOptions, generateKeys } from '../../src/trust/genkey.ts';
import { loadSigner } from '../../src/trust/signing-key.ts';

const OWNER = '01234567-89ab-cdef-fedc-ba9876543210';
const FILES = ['PK', 'KEK', 'db']
  .flatMap((name) => ['key', 'pem', 'der', 'esl', 'auth'].map((suffix) => `${name}.${suffix}`))
  .sort();

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'genkey-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const generate = (options: Partial<GenkeyOptions> = {}) =>
  generateKeys({
    name: 'test',
    directory,
    now: new Date('2026-01-02T03:04:05.678Z'),
    owner: OWNER,
    ...options,
  });
const signerOf = async (key: string) =>
  (
    await loadSigner({
      keyFile: join(directory, `${key}.key`),
      certificateFile: join(directory, `${key}.pem`),
      passphrase: async () => '',
    })
  ).signer;

test('makes keys, certificates and variables that belong together', async () => {
  const { owner, keys } = await generate();
  expect(owner).toBe(OWNER);
  expect(readdirSync(directory).sort()).toEqual(FILES);
  expect(keys.map(({ variable }) => variable)).toEqual(['PK', 'KEK', 'db']);
  const signedBy = { PK: 'PK', KEK: 'PK', db: 'KEK' };
  for (const key of keys) {
    const { files, variable } = key;
    const certificate = new X509Certificate(readFileSync(files.certificatePem));
    expect(certificate.subject).toBe(`CN=test ${variable}`);
    expect(certificate.issuer).toBe(key.subject);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(files.privateKey)))).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(certificate.ca).toBe(false);
    expect(certificate.raw.equals(readFileSync(files.certificateDer))).toBe(true);
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(key.fingerprint);
    expect(certificate.validFromDate).toEqual(key.notBefore);
    expect(certificate.validToDate).toEqual(key.notAfter);
    expect(key.notBefore).toEqual(new Date('2026-01-02T03:04:05Z'));
    expect(key.notAfter).toEqual(new Date('2046-01-02T03:04:05Z'));
    expect(statSync(files.privateKey).mode & 0o777).toBe(0o600);

    const list = readFileSync(files.signatureList);
    expect(readSignatureLists(list, variable)).toMatchObject([
      { type: X509, signatures: [{ owner: OWNER, data: certificate.raw }] },
    ]);
    const expected = await writeAuthenticatedVariable(
      {
        name: variable,
        vendor: KEY_VARIABLE_VENDORS[variable],
        attributes: KEY_VARIABLE_ATTRIBUTES,
        timestamp: key.notBefore,
        data: list,
      },
      await signerOf(signedBy[variable]),
    );
    expect(readFileSync(files.authenticatedVariable).equals(expected)).toBe(true);
  }
});

test('the certificates hold dates from 2050 on', async () => {
  const { keys } = await generate({ now: new Date('2049-06-01T00:00:00Z') });
  const certificate = new X509Certificate(readFileSync(keys[0]!.files.certificateDer));
  expect(certificate.validFromDate).toEqual(new Date('2049-06-01T00:00:00Z'));
  expect(certificate.validToDate).toEqual(new Date('2069-06-01T00:00:00Z'));
});

test('keys, serial numbers and the owner are new each time', async () => {
  const first = await generateKeys({ name: 'test', directory: join(directory, 'a') });
  const second = await generateKeys({ name: 'test', directory: join(directory, 'b') });
  expect(first.owner).not.toBe(second.owner);
  const serials = [...first.keys, ...second.keys].map(
    ({ files }) => new X509Certificate(readFileSync(files.certificateDer)).serialNumber,
  );
  expect(new Set(serials).size).toBe(6);
});

test('nothing is overwritten, and all that is in the way is named', async () => {
  writeFileSync(join(directory, 'db.key'), 'mine');
  writeFileSync(join(directory, 'KEK.pem'), 'mine too');
  await expect(generate()).rejects.toMatchObject({
    code: 'file-exists',
    exitCode: 1,
    message: expect.stringMatching(/holds KEK\.pem, db\.key$/),
    hint: expect.stringContaining('--force'),
  });
  expect(readdirSync(directory).sort()).toEqual(['KEK.pem', 'db.key']);
  expect(readFileSync(join(directory, 'db.key'), 'utf8')).toBe('mine');
});

test('force replaces the files, other files stay', async () => {
  writeFileSync(join(directory, 'db.key'), 'old', { mode: 0o644 });
  writeFileSync(join(directory, 'other'), 'kept');
  await generate({ force: true });
  expect(readdirSync(directory).sort()).toEqual([...FILES, 'other'].sort());
  expect(readFileSync(join(directory, 'db.key'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  expect(statSync(join(directory, 'db.key')).mode & 0o777).toBe(0o600);
});

test('the directory is made, and made no more when nothing can be written', async () => {
  const inner = join(directory, 'new', 'keys');
  await generate({ directory: inner });
  expect(readdirSync(inner).sort()).toEqual(FILES);
  const file = join(directory, 'file');
  writeFileSync(file, '');
  await expect(generate({ directory: join(file, 'keys') })).rejects.toMatchObject({
    code: 'unwritable',
    message: expect.stringContaining('not a directory'),
  });
});

test('a directory in the place of a file is left alone, with force too', async () => {
  mkdirSync(join(directory, 'db.esl', 'inside'), { recursive: true });
  await expect(generate({ force: true })).rejects.toMatchObject({
    code: 'unwritable',
    message: expect.stringContaining('db.esl'),
  });
  expect(existsSync(join(directory, 'db.esl', 'inside'))).toBe(true);
  expect(readdirSync(directory)).toEqual(['db.esl']);
});

test.each([
  ['', /0 characters/],
  ['x'.repeat(61), /61 characters/],
  ['a\nb', /control/],
  ['a\u0000', /control/],
  ['\ud800', /Unicode/],
])('the name %j is refused', async (name, message) => {
  await expect(generate({ name })).rejects.toMatchObject({
    code: 'bad-name',
    exitCode: 2,
    message: expect.stringMatching(message),
  });
  expect(readdirSync(directory)).toEqual([]);
});

test('a name of 60 characters outside ASCII fits', async () => {
  const { keys } = await generate({ name: '🔑'.repeat(60) });
  const certificate = new X509Certificate(readFileSync(keys[1]!.files.certificatePem));
  expect(certificate.subject).toBe(`CN=${'🔑'.repeat(60)} KEK`);
});
