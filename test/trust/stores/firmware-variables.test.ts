import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readSecureBootState } from '../../../src/trust/efi/secure-boot-state.ts';
import {
  SHA256,
  type SignatureList,
  X509,
  X509_SHA256,
  X509_SHA384,
  X509_SHA512,
} from '../../../src/trust/efi/signature-list/layout.ts';
import { writeSignatureLists } from '../../../src/trust/efi/signature-list/write.ts';
import { fingerprintOf } from '../../../src/trust/signer-identity.ts';
import { firmwareVariables } from '../../../src/trust/stores/firmware-variables.ts';
import { verifySignature } from '../../../src/trust/verify-signature.ts';
import { fingerprint, type Identity, makeIdentity, NOW, parsed, ROOT_HASH, signPkcs7 } from '../pki.ts';

const GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const SECURITY = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f';
const OWNER = '01234567-89ab-cdef-fedc-ba9876543210';
const ATTRIBUTES = Uint8Array.of(0x27, 0, 0, 0);
const HEADERLESS = { header: new Uint8Array() };

let scratch: string;
let directory: string;
let signer: Identity;
let other: Identity;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'efivars-'));
  signer = makeIdentity('signer');
  other = makeIdentity('other');
});
afterAll(() => rmSync(scratch, { recursive: true }));
beforeEach(() => {
  directory = mkdtempSync(join(scratch, 'efivars-'));
});

const list = (type: string, ...data: readonly Uint8Array[]): SignatureList => ({
  type,
  ...HEADERLESS,
  signatures: data.map((one) => ({ owner: OWNER, data: one })),
});
const x509 = (...identities: readonly Identity[]) =>
  identities.map(({ certificate }) => list(X509, certificate));
function put(name: string, value: Uint8Array, attributes = ATTRIBUTES): void {
  const vendor = name.startsWith('db') ? SECURITY : GLOBAL;
  writeFileSync(join(directory, `${name}-${vendor}`), Buffer.concat([attributes, value]));
}
const putLists = (name: string, ...lists: readonly SignatureList[]) => put(name, writeSignatureLists(lists));
async function verdict() {
  const trusted = await firmwareVariables(directory);
  return verifySignature({
    signature: signPkcs7([signer]),
    rootHash: ROOT_HASH,
    trusted,
    checkExpiry: false,
    now: NOW,
  });
}
const codes = ({ findings }: { findings: readonly { code: string; level: string }[] }) =>
  findings.map(({ code, level }) => `${level} ${code}`);

test('no variables, no keys', async () => {
  expect(await firmwareVariables(join(scratch, 'nowhere'))).toMatchObject({ certificates: [], findings: [] });
});

test('keys of PK, KEK and db, each with its place and owner', async () => {
  putLists('PK', ...x509(other));
  putLists('db', ...x509(other, signer));
  const { certificates, findings } = await firmwareVariables(directory);
  expect(findings).toEqual([]);
  expect(certificates.map(({ certificate }) => fingerprintOf(certificate.x509))).toEqual(
    [other, other, signer].map(fingerprint),
  );
  expect(certificates).toMatchObject([
    { store: 'PK', source: 'PK[0]', owner: OWNER, isAnchor: true },
    { store: 'db', source: 'db[0]', owner: OWNER, isAnchor: true },
    { store: 'db', source: 'db[1]', owner: OWNER, isAnchor: true },
  ]);
  expect((await verdict()).acceptedBy).toEqual({
    store: 'db',
    source: 'db[1]',
    owner: OWNER,
    fingerprint: fingerprint(signer),
    how: 'exact',
  });
});

test('an empty file is a variable that is not there yet', async () => {
  put('db', new Uint8Array(), new Uint8Array());
  put('dbx', new Uint8Array(), new Uint8Array());
  expect(await firmwareVariables(directory)).toMatchObject({ certificates: [], findings: [] });
});

test('digests of programs and unknown types are passed over, and counted', async () => {
  const unknown = '3c5766e8-269c-4e34-aa14-ed776e85b3b6';
  putLists(
    'db',
    list(SHA256, new Uint8Array(32), new Uint8Array(32)),
    ...x509(signer),
    list(unknown, new Uint8Array(256)),
  );
  const result = await verdict();
  expect(result.acceptedBy).toMatchObject({ source: 'db[0]' });
  expect(result.findings).toMatchObject([
    {
      code: 'entries-ignored',
      level: 'note',
      message: 'variable db: 3 of its entries say nothing of who may sign an extension',
      subjects: [`type ${SHA256}`, `type ${unknown}`],
    },
  ]);
});

test('a certificate that cannot be read does not take the others along', async () => {
  putLists('db', list(X509, Uint8Array.of(1, 2, 3)), ...x509(signer));
  const result = await verdict();
  expect(result.acceptedBy).toMatchObject({ source: 'db[1]' });
  expect(codes(result)).toEqual(['warning certificate-unreadable']);
});

test('a variable that cannot be read does not take the others along', async () => {
  put('KEK', Uint8Array.of(1, 2, 3));
  putLists('db', ...x509(signer));
  expect(codes(await verdict())).toEqual(['warning variable-unreadable']);
});

test('a damaged list takes those before it along, which the kernel would have used', async () => {
  put('db', Buffer.concat([writeSignatureLists(x509(signer)), Buffer.alloc(28)]));
  expect(codes(await verdict())).toEqual(['error signer-unknown', 'warning variable-unreadable']);
});

describe('dbx revokes', () => {
  beforeEach(() => putLists('db', ...x509(signer)));
  const data = async (digest: string, time = new Uint8Array(16)) => {
    const { tbs } = await parsed(signer);
    return Buffer.concat([createHash(digest).update(tbs).digest(), time]);
  };

  test('a certificate', async () => {
    putLists('dbx', ...x509(other, signer));
    expect(codes(await verdict())).toEqual(['error signer-revoked']);
  });

  test.each([
    [X509_SHA256, 'sha256'],
    [X509_SHA384, 'sha384'],
    [X509_SHA512, 'sha512'],
  ])('the digest of type %s', async (type, digest) => {
    putLists('dbx', list(type, await data(digest)));
    expect(codes(await verdict())).toEqual(['error signer-revoked']);
  });

  test('also with a time of revocation, as nobody vouches for when a signature was made', async () => {
    putLists(
      'dbx',
      list(X509_SHA256, await data('sha256', Uint8Array.of(0xee, 0x07, ...new Uint8Array(14)))),
    );
    expect(codes(await verdict())).toEqual(['error signer-revoked']);
  });

  test('not the digest of the whole certificate, which is something else', async () => {
    const digest = createHash('sha256').update(signer.certificate).digest();
    putLists('dbx', list(X509_SHA256, Buffer.concat([digest, Buffer.alloc(16)])));
    expect((await verdict()).acceptedBy).toBeDefined();
  });

  test('a root hash, entered like the digest of a program', async () => {
    putLists('dbx', list(SHA256, new Uint8Array(32), Buffer.from(ROOT_HASH, 'hex')));
    expect(codes(await verdict())).toEqual(['error root-hash-revoked']);
  });

  test('nobody of whom it does not speak', async () => {
    putLists('dbx', ...x509(other), list(SHA256, new Uint8Array(32)), list(X509_SHA256, new Uint8Array(48)));
    expect(await verdict()).toMatchObject({ acceptedBy: { store: 'db' }, findings: [] });
  });
});

describe('as long as dbx cannot be read, nobody is trusted:', () => {
  test.each([
    ['a cut-off list', () => put('dbx', writeSignatureLists(x509(other)).subarray(0, -1))],
    ['a damaged certificate', () => putLists('dbx', list(X509, Uint8Array.of(1, 2, 3)))],
    ['fewer bytes than attributes have', () => put('dbx', new Uint8Array(), Uint8Array.of(1, 2, 3))],
    ['more than any variable', () => put('dbx', new Uint8Array(1024 * 1024 + 1))],
  ])('%s', async (_name, make) => {
    putLists('db', ...x509(signer));
    make();
    const result = await verdict();
    expect(result.acceptedBy).toBeUndefined();
    expect(codes(result)).toEqual(['error signer-unknown', 'error revocations-unreadable']);
  });
});

test('a revoked signer stays so, or the change is told, whatever byte of dbx is changed', async () => {
  putLists('db', ...x509(signer));
  const bytes = writeSignatureLists(x509(other, signer));
  for (let place = 0; place < bytes.length; place++) {
    const changed = Uint8Array.from(bytes);
    changed[place]! ^= 0xff;
    put('dbx', changed);
    const result = await verdict();
    if (result.acceptedBy !== undefined) expect(codes(result)).toEqual(['note entries-ignored']);
  }
});

test('any bytes in db end in a verdict', async () => {
  const bytes = writeSignatureLists(x509(other, signer));
  const change = fc.record({ place: fc.nat(bytes.length - 1), value: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 4 }), fc.nat(bytes.length), async (changes, length) => {
      const changed = Uint8Array.from(bytes);
      for (const { place, value } of changes) changed[place] = value;
      put('db', changed.subarray(0, length));
      const { acceptedBy, findings } = await verdict();
      expect(acceptedBy === undefined).toBe(findings.some(({ level }) => level === 'error'));
    }),
    { numRuns: 100 },
  );
});

describe('Secure Boot', () => {
  const flag = (name: string, value: number) => put(name, Uint8Array.of(value), Uint8Array.of(6, 0, 0, 0));

  test('is enforced when it is on and the machine is not in setup mode', async () => {
    flag('SecureBoot', 1);
    flag('SetupMode', 0);
    flag('AuditMode', 0);
    flag('DeployedMode', 1);
    expect(await readSecureBootState(directory)).toEqual({
      secureBoot: true,
      setupMode: false,
      auditMode: false,
      deployedMode: true,
      isEnforcing: true,
    });
  });

  test.each([
    [1, 1, false],
    [0, 0, false],
    [0, 1, false],
    [1, 0, true],
  ])('SecureBoot %i, SetupMode %i: enforced is %s', async (secureBoot, setupMode, isEnforcing) => {
    flag('SecureBoot', secureBoot);
    flag('SetupMode', setupMode);
    expect(await readSecureBootState(directory)).toMatchObject({ isEnforcing, auditMode: undefined });
  });

  test('of a machine without UEFI is not enforced', async () => {
    expect(await readSecureBootState(join(scratch, 'nowhere'))).toMatchObject({
      secureBoot: undefined,
      isEnforcing: false,
    });
  });

  test.each([
    ['is 2', Uint8Array.of(2)],
    ['has two bytes', Uint8Array.of(1, 0)],
    ['has no value', new Uint8Array()],
  ])('cannot be told from a variable that %s', async (_name, value) => {
    put('SecureBoot', value);
    await expect(readSecureBootState(directory)).rejects.toMatchObject({
      name: 'TrustError',
      code: 'malformed',
      message: expect.stringContaining('SecureBoot'),
    });
  });
});
