import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openStores } from '../../src/trust/stores/open-stores.ts';
import { verifySignature } from '../../src/trust/verify-signature.ts';
import { mustRun } from '../support/run-command.ts';

const ROOT_HASH = '0123456789abcdef'.repeat(4);
const OWNER = '01234567-89ab-cdef-fedc-ba9876543210';
const SECURITY = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f';

let directory: string;
let efivars: string;
const file = (name: string) => join(directory, name);

/** Makes a key and certificate with openssl; by `issuer`, or by itself. */
async function makeKey(name: string, issuer?: string): Promise<void> {
  const by = issuer === undefined ? [] : ['-CA', file(`${issuer}.crt`), '-CAkey', file(`${issuer}.key`)];
  const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  if (issuer === undefined) {
    await mustRun('openssl', ['req', '-x509', ...kind, ...files, '-subj', `/CN=${name}`]);
    return;
  }
  const request = file(`${name}.csr`);
  await mustRun('openssl', [
    'req',
    ...kind,
    '-keyout',
    file(`${name}.key`),
    '-out',
    request,
    '-subj',
    `/CN=${name}`,
  ]);
  await mustRun('openssl', ['x509', '-req', '-in', request, ...by, '-out', file(`${name}.crt`)]);
}

/** A signature of the root hash by openssl, with further certificates in it. */
async function sign(name: string, ...more: string[]): Promise<Uint8Array> {
  const signer = ['-signer', file(`${name}.crt`), '-inkey', file(`${name}.key`)];
  const extra = more.flatMap((one) => ['-certfile', file(`${one}.crt`)]);
  const output = ['-outform', 'DER', '-out', file('signature')];
  await mustRun('openssl', [
    'smime',
    '-sign',
    '-binary',
    '-noattr',
    '-in',
    file('hash'),
    ...signer,
    ...extra,
    ...output,
  ]);
  return readFileSync(file('signature'));
}

/** Puts signature lists that efitools made where efivarfs would show them. */
function setVariable(name: 'db' | 'dbx', ...lists: string[]): void {
  const content = lists.map((list) => readFileSync(file(list)));
  writeFileSync(join(efivars, `${name}-${SECURITY}`), Buffer.concat([Buffer.of(0x27, 0, 0, 0), ...content]));
}

async function verdict(signature: Uint8Array, certificateFiles: string[] = []) {
  const trusted = await openStores({ certificateFiles, efivarsDirectory: efivars });
  const request = { signature, rootHash: ROOT_HASH, trusted, checkExpiry: false, now: new Date() };
  const { acceptedBy, findings } = await verifySignature(request);
  return { acceptedBy, errors: findings.filter(({ level }) => level === 'error').map(({ code }) => code) };
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'trust-variables-'));
  writeFileSync(file('hash'), ROOT_HASH);
  await makeKey('root');
  await makeKey('middle', 'root');
  await makeKey('leaf', 'middle');
  await makeKey('other');
  for (const name of ['root', 'middle', 'leaf', 'other']) {
    await mustRun('cert-to-efi-sig-list', ['-g', OWNER, file(`${name}.crt`), file(`${name}.esl`)]);
    // Its X509_SHA256 entry: the digest of the certificate's to-be-signed part.
    const time = ['-t', '2026-01-01 00:00:00'];
    await mustRun('cert-to-efi-hash-list', [
      '-g',
      OWNER,
      ...time,
      file(`${name}.crt`),
      file(`${name}-hash.esl`),
    ]);
  }
  await mustRun('hash-to-efi-sig-list', [
    '/usr/lib/efitools/x86_64-linux-gnu/HashTool.efi',
    file('program.esl'),
  ]);
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
  efivars = mkdtempSync(join(directory, 'efivars-'));
});

it('a signer in db, and one that a key in db issued over another', async () => {
  setVariable('db', 'other.esl', 'program.esl', 'leaf.esl');
  expect(await verdict(await sign('leaf'))).toEqual({
    acceptedBy: expect.objectContaining({ store: 'db', source: 'db[1]', owner: OWNER, how: 'exact' }),
    errors: [],
  });
  setVariable('db', 'root.esl');
  expect(await verdict(await sign('leaf', 'middle'))).toMatchObject({
    acceptedBy: { source: 'db[0]', how: 'chain' },
    errors: [],
  });
  expect(await verdict(await sign('leaf'))).toEqual({ acceptedBy: undefined, errors: ['signer-unknown'] });
});

it.each(['root', 'middle', 'leaf'])(
  '%s in dbx, by certificate or digest, revokes the signer',
  async (name) => {
    setVariable('db', 'root.esl');
    for (const list of [`${name}.esl`, `${name}-hash.esl`]) {
      setVariable('dbx', 'other.esl', 'other-hash.esl', 'program.esl', list);
      expect(await verdict(await sign('leaf', 'middle'))).toEqual({
        acceptedBy: undefined,
        errors: ['signer-revoked'],
      });
    }
  },
);

it('dbx counts for certificates from files, too', async () => {
  setVariable('dbx', 'leaf-hash.esl');
  expect(await verdict(await sign('leaf'), [file('leaf.crt')])).toMatchObject({ errors: ['signer-revoked'] });
  setVariable('dbx', 'other-hash.esl');
  expect(await verdict(await sign('leaf'), [file('leaf.crt')])).toMatchObject({
    acceptedBy: { store: 'file' },
    errors: [],
  });
});

it('a dbx that was cut off revokes everybody', async () => {
  setVariable('db', 'leaf.esl');
  writeFileSync(file('cut.esl'), readFileSync(file('other.esl')).subarray(0, -1));
  setVariable('dbx', 'cut.esl');
  expect((await verdict(await sign('leaf'))).errors).toContain('revocations-unreadable');
});
