import { execFileSync } from 'node:child_process';
import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TrustError } from '../../src/trust/error.ts';
import { createSigner } from '../../src/trust/signer.ts';
import { loadSigner, type SigningKeyOptions } from '../../src/trust/signing-key.ts';
import { fixture, fixturePath } from './fixture.ts';

const NOW = new Date('2027-01-01T00:00:00Z');
const MESSAGE = new TextEncoder().encode('0a1b'.repeat(16));

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'signing-key-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** A fixture that only its owner can read, as a checkout does not keep permissions. */
function privateFile(name: string): string {
  const path = join(scratch, name);
  copyFileSync(fixturePath(name), path);
  chmodSync(path, 0o600);
  return path;
}

function scratchFile(name: string, content: string | Uint8Array): string {
  const path = join(scratch, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

function load(key: string, certificate: string, options: Partial<SigningKeyOptions> = {}) {
  return loadSigner({
    keyFile: key.includes('/') ? key : privateFile(key),
    certificateFile: certificate.includes('/') ? certificate : fixturePath(certificate),
    passphrase: () => Promise.reject(new Error('asked for a passphrase')),
    now: NOW,
    ...options,
  });
}

/** The error of a promise that must be rejected with a TrustError. */
async function refusal(promise: Promise<unknown>): Promise<TrustError> {
  const error = await promise.then(
    () => expect.fail('was accepted'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TrustError);
  return error as TrustError;
}

const secret = { passphrase: async () => 'secret' };

describe('accepts, and signs so that the certificate verifies', () => {
  test.each([
    ['rsa-pkcs1.key', 'rsa.pem', 'rsa', {}],
    ['rsa-pkcs8.key', 'rsa.pem', 'rsa', {}],
    ['rsa-pkcs8.key', 'rsa.der', 'rsa', {}],
    ['rsa-pkcs1-encrypted.key', 'rsa.pem', 'rsa', secret],
    ['rsa-pkcs8-encrypted.key', 'rsa.pem', 'rsa', secret],
    ['rsa-pkcs8-scrypt.key', 'rsa.pem', 'rsa', { passphrase: async () => Buffer.from('secret') }],
    ['ec-p256-sec1.key', 'ec-p256.pem', 'ec', {}],
    ['ec-p256-parameters.key', 'ec-p256.pem', 'ec', {}],
    ['ec-p256-sec1-encrypted.key', 'ec-p256.pem', 'ec', secret],
    ['ec-p384-pkcs8.key', 'ec-p384.pem', 'ec', {}],
  ] as const)('%s with %s', async (key, certificate, keyType, options) => {
    const { signer, warnings } = await load(key, certificate, options);
    const x509 = new X509Certificate(fixture(certificate));
    expect(signer.keyType).toBe(keyType);
    expect(Buffer.from(signer.certificate).equals(x509.raw)).toBe(true);
    expect(verify('sha256', MESSAGE, x509.publicKey, await signer.sign(MESSAGE))).toBe(true);
    expect(warnings).toEqual([]);
  });

  test('key and certificate in one file, with text and other blocks around them', async () => {
    const all = ['ec-p384.pem', 'rsa-public.key', 'rsa-pkcs8.key', 'ec-p384-pkcs8.key'].map((name) =>
      fixture(name).toString(),
    );
    const file = scratchFile(
      'all.pem',
      `Bag Attributes\n${fixture('rsa.pem')}subject=/CN=x\n${all.join('text\n')}`,
    );
    const { signer } = await load(file, file);
    expect(signer.keyType).toBe('rsa');
  });

  test('a key with the line ends of Windows', async () => {
    const file = scratchFile(
      'crlf.key',
      fixture('rsa-pkcs1-encrypted.key').toString().replaceAll('\n', '\r\n'),
    );
    expect((await load(file, 'rsa.pem', secret)).signer.keyType).toBe('rsa');
  });

  test('a key from a pipe, as with a shell’s <(…)', async () => {
    const pipe = join(scratch, 'pipe');
    execFileSync('mkfifo', ['-m', '0666', pipe]);
    const loading = load(pipe, 'rsa.pem');
    writeFileSync(pipe, fixture('rsa-pkcs8.key'));
    expect((await loading).warnings).toEqual([]);
  });
});

describe('the passphrase', () => {
  test('is asked for once, and only after the certificate was read', async () => {
    const passphrase = vi.fn(async () => 'secret');
    await refusal(load('rsa-pkcs8-encrypted.key', 'make.sh', { passphrase }));
    expect(passphrase).not.toHaveBeenCalled();
    await load('rsa-pkcs8-encrypted.key', 'rsa.pem', { passphrase });
    expect(passphrase).toHaveBeenCalledOnce();
  });

  test.each(['rsa-pkcs1-encrypted.key', 'rsa-pkcs8-encrypted.key', 'rsa-pkcs8-scrypt.key'])(
    'of %s: a wrong one is said to be wrong',
    async (key) => {
      for (const wrong of ['Secret', '', 'x'.repeat(1025)]) {
        const error = await refusal(load(key, 'rsa.pem', { passphrase: async () => wrong }));
        expect(error.code).toBe('wrong-passphrase');
        expect(error.exitCode).toBe(1);
        expect(error.message).toContain(key);
        expect(error.message).not.toContain('Secret');
      }
    },
  );

  test('what the source of it throws comes through', async () => {
    const error = new TrustError('no-passphrase', 'none');
    await expect(
      load('rsa-pkcs8-encrypted.key', 'rsa.pem', { passphrase: () => Promise.reject(error) }),
    ).rejects.toBe(error);
  });
});

describe('refuses a kind of key', () => {
  test.each([
    ['refused-rsa-1024.key', /1024 bits is too weak/],
    ['refused-rsa-pss.key', /RSA-PSS/],
    ['refused-ec-p521.key', /secp521r1/],
    ['refused-ec-secp256k1.key', /secp256k1/],
    ['refused-ed25519.key', /EdDSA/],
    ['refused-dsa.key', /kind dsa/],
    ['refused-openssh.key', /OpenSSH/],
  ])('%s', async (key, reason) => {
    const error = await refusal(load(key, 'rsa.pem'));
    expect(error.code).toBe('unsupported-key');
    expect(error.message).toMatch(reason);
    expect(error.hint).toBeDefined();
  });

  test('a cipher that OpenSSL 3 no longer has', async () => {
    const error = await refusal(load('rsa-pkcs8-des.key', 'rsa.pem', secret));
    expect(error.code).toBe('unsupported-key');
    expect(error.message).toContain('cipher');
  });

  test('an RSA key of more bits than verifiers take', () => {
    // Only what is looked at: making such a key takes minutes.
    const key = { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 16392 } } as KeyObject;
    const certificate = new X509Certificate(fixture('rsa.pem'));
    expect(() => createSigner(key, certificate, { key: 'key', certificate: 'certificate' })).toThrow(
      /16392 bits is more/,
    );
  });
});

describe('refuses a file', () => {
  const cases: [string, () => [key: string, certificate: string], string, RegExp][] = [
    [
      'a missing key',
      () => [join(scratch, 'none.key'), 'rsa.pem'],
      'unreadable-key',
      /none\.key: no such file/,
    ],
    [
      'a missing certificate',
      () => ['rsa-pkcs8.key', join(scratch, 'none.pem')],
      'unreadable-certificate',
      /none\.pem: no such file/,
    ],
    ['a directory', () => [scratch, 'rsa.pem'], 'unreadable-key', /is a directory/],
    ['an empty key', () => [scratchFile('empty', ''), 'rsa.pem'], 'unreadable-key', /no private key/],
    [
      'an empty certificate',
      () => ['rsa-pkcs8.key', scratchFile('empty', '')],
      'unreadable-certificate',
      /no X\.509/,
    ],
    [
      'certificate and key exchanged: key',
      () => [fixturePath('rsa.pem'), 'rsa.pem'],
      'unreadable-key',
      /but a certificate/,
    ],
    [
      'certificate and key exchanged: certificate',
      () => ['rsa-pkcs8.key', 'rsa-pkcs8.key'],
      'unreadable-certificate',
      /but a private key/,
    ],
    ['a public key', () => ['rsa-public.key', 'rsa.pem'], 'unreadable-key', /but a public key/],
    ['a key in DER', () => ['rsa-der.key', 'rsa.pem'], 'unreadable-key', /in PEM/],
    [
      'a key that is cut off',
      () => [scratchFile('cut.key', fixture('rsa-pkcs8.key').subarray(0, 900)), 'rsa.pem'],
      'unreadable-key',
      /no private key/,
    ],
    [
      'a damaged key',
      () => [scratchFile('bad.key', fixture('rsa-pkcs8.key').toString().replace('MII', 'MIJ')), 'rsa.pem'],
      'unreadable-key',
      /damaged/,
    ],
    [
      'a damaged certificate',
      () => ['rsa-pkcs8.key', scratchFile('bad.pem', fixture('rsa.pem').toString().replace('MII', 'MIJ'))],
      'unreadable-certificate',
      /damaged/,
    ],
    [
      'a certificate of another key',
      () => ['rsa-pkcs8.key', 'ec-p256.pem'],
      'certificate-mismatch',
      /does not belong/,
    ],
    [
      'a certificate of another key of the same kind',
      () => ['ec-p256-sec1.key', 'ec-p384.pem'],
      'certificate-mismatch',
      /does not belong/,
    ],
  ];
  test.each(cases)('%s', async (_name, files, code, message) => {
    const error = await refusal(load(...files()));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.exitCode).toBe(1);
  });

  test('anything above 1 MiB, of which no more is read', async () => {
    const file = scratchFile('large', '');
    truncateSync(file, 5 * 1024 ** 3);
    expect((await refusal(load(file, 'rsa.pem'))).message).toContain('1 MiB');
    expect((await refusal(load('rsa-pkcs8.key', '/dev/zero'))).message).toContain('1 MiB');
  });

  test('a MiB of nothing but BEGIN lines, without taking long', async () => {
    const file = scratchFile('begins', '-----BEGIN PUBLIC KEY-----\n'.repeat(38_000));
    expect((await refusal(load(file, 'rsa.pem'))).code).toBe('unreadable-key');
  });
});

describe('warns of', () => {
  const codes = async (loading: ReturnType<typeof load>) => (await loading).warnings.map(({ code }) => code);

  test('a certificate that expired or is not yet valid', async () => {
    const { validFromDate, validToDate } = new X509Certificate(fixture('rsa.pem'));
    const at = (time: number) => codes(load('rsa-pkcs8.key', 'rsa.pem', { now: new Date(time) }));
    expect(await at(validFromDate.getTime() - 1)).toEqual(['certificate-not-yet-valid']);
    expect(await at(validFromDate.getTime())).toEqual([]);
    expect(await at(validToDate.getTime())).toEqual([]);
    expect(await at(validToDate.getTime() + 1)).toEqual(['certificate-expired']);
  });

  test('a key usage without digital signatures, not of one with them', async () => {
    expect(await codes(load('rsa-pkcs8.key', 'rsa-encipherment.pem'))).toEqual(['certificate-key-usage']);
    expect(await codes(load('rsa-pkcs8.key', 'rsa-signature.pem'))).toEqual([]);
  });

  test('an issuer’s signature of a kind that the kernel does not read', async () => {
    const { warnings } = await load('rsa-pkcs8.key', 'rsa-pss-signed.pem');
    expect(warnings).toMatchObject([
      {
        code: 'certificate-signature-algorithm',
        message: expect.stringContaining('1.2.840.113549.1.1.10'),
      },
    ]);
  });

  test('an RSA key of a size that the kernel does not verify', async () => {
    const { warnings } = await load('rsa-2560.key', 'rsa-2560.pem');
    expect(warnings).toMatchObject([{ code: 'key-size', message: expect.stringContaining('2560 bits') }]);
  });

  test('a key that everyone can read, not of one that a group can', async () => {
    const key = privateFile('rsa-pkcs8.key');
    chmodSync(key, 0o644);
    const { warnings } = await load(key, 'rsa.pem');
    expect(warnings).toMatchObject([
      { code: 'key-file-permissions', message: expect.stringContaining('0644') },
    ]);
    chmodSync(key, 0o640);
    expect(await codes(load(key, 'rsa.pem'))).toEqual([]);
  });
});
