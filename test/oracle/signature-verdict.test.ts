import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_REVOCATIONS } from '../../src/trust/revocations.ts';
import { certificateFile } from '../../src/trust/stores/certificate-files.ts';
import { type SignatureVerdict, verifySignature } from '../../src/trust/verify-signature.ts';
import { mustRun, runCommand } from '../support/run-command.ts';

const ROOT_HASH = '0123456789abcdef'.repeat(4);
const OTHER_HASH = 'fedcba9876543210'.repeat(4);
/** openssl's words for keys. */
const KEYS = {
  'rsa-2048': ['rsa:2048'],
  'rsa-3072': ['rsa:3072'],
  'p-256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'p-384': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  'p-521': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'],
} as const;
type Key = keyof typeof KEYS;
const DIGESTS = ['sha224', 'sha256', 'sha384', 'sha512'];
const FORMS = { 'no attributes': ['-noattr'], attributes: [], 'attributes, no certificate': ['-nocerts'] };

let directory: string;
beforeAll(async () => {
  directory = mkdtempSync('/var/tmp/kairos-sysext-signature-');
  write('hash', ROOT_HASH);
  write('other-hash', OTHER_HASH);
  for (const [name, kind] of Object.entries(KEYS)) await makeKey(name, kind);
  await makeKey('weak', ['rsa:1024']);
  // Of the same name and serial number, which is all by which systemd tells signers apart.
  await makeKey('twin-1', ['rsa:2048'], ['-subj', '/CN=twin', '-set_serial', '7']);
  await makeKey('twin-2', ['rsa:2048'], ['-subj', '/CN=twin', '-set_serial', '7']);
});
afterAll(() => rmSync(directory, { recursive: true }));

const file = (name: string) => join(directory, name);
function write(name: string, content: string | Uint8Array): void {
  writeFileSync(file(name), content);
}
async function makeKey(name: string, kind: readonly string[], subject = ['-subj', `/CN=${name}`]) {
  const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
  await mustRun('openssl', ['req', '-x509', '-nodes', '-newkey', ...kind, ...files, ...subject]);
}

/** A signature of the root hash by openssl. */
async function sign(command: 'smime' | 'cms', keys: readonly string[], options: readonly string[]) {
  const signers = keys.flatMap((name) => ['-signer', file(`${name}.crt`), '-inkey', file(`${name}.key`)]);
  const output = file('signature');
  const fixed = ['-sign', '-binary', '-in', file('hash'), '-outform', 'DER', '-out', output];
  await mustRun('openssl', [command, ...fixed, ...signers, ...options]);
  return new Uint8Array(readFileSync(output));
}

/** Whether openssl verifies with the flags that systemd gives to PKCS7_verify: NOINTERN and NOVERIFY. */
async function opensslAccepts(
  signature: Uint8Array,
  certificates: readonly string[],
  content = 'hash',
): Promise<boolean> {
  write('to-verify', signature);
  write('trusted', certificates.map((name) => readFileSync(file(`${name}.crt`), 'latin1')).join(''));
  const what = ['-in', file('to-verify'), '-inform', 'DER', '-content', file(content), '-out', '/dev/null'];
  const trusted = ['-noverify', '-nointern', '-certfile', file('trusted')];
  const { status } = await runCommand('openssl', ['smime', '-verify', '-binary', ...what, ...trusted]);
  return status === 0;
}

async function verdict(
  signature: Uint8Array,
  certificates: readonly string[],
  rootHash = ROOT_HASH,
): Promise<SignatureVerdict> {
  return verifySignature({
    signature,
    rootHash,
    trusted: {
      certificates: await Promise.all(certificates.map((name) => certificateFile(file(`${name}.crt`)))),
      revocations: NO_REVOCATIONS,
      findings: [],
    },
    checkExpiry: false,
    now: new Date(),
  });
}
const errors = ({ findings }: SignatureVerdict) =>
  findings.filter(({ level }) => level === 'error').map(({ code }) => code);

describe.each(Object.keys(KEYS) as Key[])('%s', (key) => {
  describe.each(DIGESTS)('%s', (digest) => {
    it.each(Object.entries(FORMS))('%s: the same verdict as openssl', async (_name, form) => {
      const signature = await sign('smime', [key], ['-md', digest, ...form]);
      expect(await opensslAccepts(signature, [key])).toBe(true);
      expect(errors(await verdict(signature, [key]))).toEqual([]);

      expect(await opensslAccepts(signature, ['twin-1', key])).toBe(true);
      expect((await verdict(signature, ['twin-1', key])).acceptedBy).toMatchObject({
        source: file(`${key}.crt`),
      });

      expect(await opensslAccepts(signature, ['twin-1'])).toBe(false);
      expect(errors(await verdict(signature, ['twin-1']))).toEqual(['signer-unknown']);

      expect(await opensslAccepts(signature, [key], 'other-hash')).toBe(false);
      expect(errors(await verdict(signature, [key], OTHER_HASH))).toEqual(['signature-wrong']);

      const wrong = Uint8Array.from(signature);
      wrong[wrong.length - 1]! ^= 1;
      expect(await opensslAccepts(wrong, [key])).toBe(false);
      expect(errors(await verdict(wrong, [key]))).toEqual(['signature-wrong']);

      const cut = signature.subarray(0, -1);
      expect(await opensslAccepts(cut, [key])).toBe(false);
      expect(errors(await verdict(cut, [key]))).toEqual(['signature-malformed']);
    });
  });
});

describe('as openssl has it', () => {
  it('a certificate of the signer’s name and serial number with another key does not do', async () => {
    const signature = await sign('smime', ['twin-1'], []);
    for (const [trusted, isAccepted] of [
      ['twin-1', true],
      ['twin-2', false],
    ] as const) {
      expect(await opensslAccepts(signature, [trusted])).toBe(isAccepted);
      expect(errors(await verdict(signature, [trusted]))).toEqual(isAccepted ? [] : ['signer-unknown']);
    }
  });

  it('all of several signers must be trusted', async () => {
    const signature = await sign('smime', ['rsa-2048', 'p-256'], []);
    for (const [trusted, isAccepted] of [
      [['rsa-2048', 'p-256'], true],
      [['rsa-2048'], false],
      [['p-256'], false],
    ] as const) {
      expect(await opensslAccepts(signature, trusted)).toBe(isAccepted);
      expect(errors(await verdict(signature, trusted))).toEqual(isAccepted ? [] : ['signer-unknown']);
    }
  });

  it.each([
    ['RSA-PSS', ['-keyopt', 'rsa_padding_mode:pss']],
    ['a signer named by its key identifier', ['-keyid']],
  ])('%s is refused', async (_name, options) => {
    const signature = await sign('cms', ['rsa-2048'], options);
    expect(await opensslAccepts(signature, ['rsa-2048'])).toBe(false);
    expect((await verdict(signature, ['rsa-2048'])).acceptedBy).toBeUndefined();
  });

  it('a signature of openssl cms is accepted', async () => {
    const signature = await sign('cms', ['p-384'], ['-md', 'sha384']);
    expect(await opensslAccepts(signature, ['p-384'])).toBe(true);
    expect(errors(await verdict(signature, ['p-384']))).toEqual([]);
  });
});

describe('stricter than openssl, as docs/trust.md says', () => {
  it.each([
    ['a digest for which collisions can be made: SHA-1', ['-md', 'sha1'], 'signature-digest-unsupported'],
    ['a digest for which collisions can be made: MD5', ['-md', 'md5'], 'signature-digest-unsupported'],
    ['a digest that nobody uses', ['-md', 'ripemd160'], 'signature-digest-unsupported'],
    ['content that comes with the signature', ['-nodetach'], 'signature-malformed'],
  ])('%s', async (_name, options, code) => {
    const signature = await sign('smime', ['rsa-2048'], options);
    expect(await opensslAccepts(signature, ['rsa-2048'])).toBe(true);
    expect(errors(await verdict(signature, ['rsa-2048']))).toEqual([code]);
  });

  it('a key that is too weak', async () => {
    const signature = await sign('smime', ['weak'], []);
    expect(await opensslAccepts(signature, ['weak'])).toBe(true);
    expect(errors(await verdict(signature, ['weak']))).toEqual(['signer-key-unsupported']);
  });

  it('something behind the signature', async () => {
    const signature = Buffer.concat([await sign('smime', ['rsa-2048'], []), Buffer.from('more')]);
    expect(await opensslAccepts(signature, ['rsa-2048'])).toBe(true);
    expect(errors(await verdict(signature, ['rsa-2048']))).toEqual(['signature-malformed']);
  });

  it('a length of indefinite form', async () => {
    const signature = await sign('smime', ['rsa-2048'], ['-noattr', '-nocerts']);
    // ContentInfo with its length left open, and closed by two NULs.
    const content = signature.subarray(signature[1] === 0x82 ? 4 : 3);
    const indefinite = Uint8Array.of(0x30, 0x80, ...content, 0, 0);
    expect(await opensslAccepts(indefinite, ['rsa-2048'])).toBe(true);
    expect(errors(await verdict(indefinite, ['rsa-2048']))).toEqual(['signature-malformed']);
  });
});

it('whatever byte is changed, nothing is accepted that openssl does not accept', async () => {
  let accepted = 0;
  for (const options of [['-noattr'], ['-nocerts']]) {
    const signature = await sign('smime', ['p-256'], options);
    for (let place = 0; place < signature.length; place++) {
      const changed = Uint8Array.from(signature);
      changed[place]! ^= 0x80;
      const isAccepted = errors(await verdict(changed, ['p-256'])).length === 0;
      if (!isAccepted) continue;
      accepted += 1;
      expect({ place, byOpenssl: await opensslAccepts(changed, ['p-256']) }).toEqual({
        place,
        byOpenssl: true,
      });
    }
  }
  // The certificate that comes along is not needed: changes of its values do no harm.
  expect(accepted).toBeGreaterThan(0);
});
