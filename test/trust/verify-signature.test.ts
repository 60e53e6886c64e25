import { createHash, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ImageFinding } from '../../src/image/image-finding.ts';
import type { TrustedKeys } from '../../src/trust/trusted-keys.ts';
import { describeSigners, verifySignature } from '../../src/trust/verify-signature.ts';
import {
  ALGORITHMS,
  ecKey,
  fingerprint,
  type Identity,
  makeIdentity,
  NOW,
  parsed,
  ROOT_HASH,
  RSA_ENCRYPTION,
  rsaKey,
  type SignOptions,
  signPkcs7,
  trust,
} from './pki.ts';

let signer: Identity;
let stranger: Identity;
let rsa: Identity;
beforeAll(() => {
  signer = makeIdentity('signer');
  stranger = makeIdentity('stranger');
  rsa = makeIdentity('rsa', { key: rsaKey() });
});

function verify(
  signature: Uint8Array,
  trusted: TrustedKeys | undefined,
  options: { rootHash?: string; checkExpiry?: boolean } = {},
) {
  return verifySignature({
    signature,
    rootHash: ROOT_HASH,
    trusted,
    checkExpiry: false,
    now: NOW,
    ...options,
  });
}

const errors = ({ findings }: { findings: readonly ImageFinding[] }) =>
  findings.filter(({ level }) => level === 'error').map(({ code }) => code);
const warnings = ({ findings }: { findings: readonly ImageFinding[] }) =>
  findings.filter(({ level }) => level === 'warning').map(({ code }) => code);

describe('the signer’s own certificate is trusted', () => {
  test.each(['file', 'verity.d', 'PK', 'KEK', 'db'] as const)('in %s', async (store) => {
    const verdict = await verify(signPkcs7([signer]), await trust({ [store]: [stranger, signer] }));
    expect(verdict).toEqual({
      signer: {
        subject: 'CN=signer',
        issuer: 'CN=signer',
        serialNumber: expect.stringMatching(/^40[0-9a-f]{4}$/),
        fingerprint: fingerprint(signer),
        validFrom: '2026-01-01T00:00:00.000Z',
        validTo: '2036-01-01T00:00:00.000Z',
        keyType: 'ec',
        curve: 'prime256v1',
      },
      acceptedBy: { store, source: `${store}[1]`, fingerprint: fingerprint(signer), how: 'exact' },
      findings: [],
    });
  });

  test('without being in the signature', async () => {
    const signature = signPkcs7([signer], { certificates: [] });
    const verdict = await verify(signature, await trust({ 'verity.d': [signer] }));
    expect(verdict).toMatchObject({ signer: { subject: 'CN=signer' }, findings: [] });
  });

  test('beside certificates in the signature that have nothing to do with it', async () => {
    const signature = signPkcs7([signer], { certificates: [stranger.certificate, signer.certificate] });
    expect((await verify(signature, await trust({ file: [signer] }))).findings).toEqual([]);
  });

  const ways: [string, SignOptions][] = [
    ['SHA-224', { digest: 'sha224' }],
    ['SHA-384', { digest: 'sha384' }],
    ['SHA-512', { digest: 'sha512' }],
    ['signed attributes', { attributes: true }],
    ['signed attributes with a time', { signingTime: NOW }],
  ];
  test.each(ways)('with ECDSA and %s', async (_name, options) => {
    expect((await verify(signPkcs7([signer], options), await trust({ file: [signer] }))).findings).toEqual(
      [],
    );
  });
  test.each(ways)('with RSA and %s', async (_name, options) => {
    expect((await verify(signPkcs7([rsa], options), await trust({ file: [rsa] }))).findings).toEqual([]);
  });
});

describe('is refused:', () => {
  test('a signer that nobody trusts, with what to do', async () => {
    const verdict = await verify(signPkcs7([stranger]), await trust({ 'verity.d': [signer], db: [rsa] }));
    expect(verdict).toMatchObject({ signer: { subject: 'CN=stranger' }, acceptedBy: undefined });
    expect(verdict.findings).toEqual([
      {
        code: 'signer-unknown',
        layer: 'trust',
        level: 'error',
        message: `the signer is none of those who are trusted: CN=stranger (SHA-256 ${fingerprint(stranger)})`,
        hint: 'if you trust it: put its certificate into /etc/verity.d, or enrol it in db',
        subjects: [],
      },
    ]);
  });

  test('a signer that nobody trusts and nobody knows', async () => {
    const verdict = await verify(
      signPkcs7([stranger], { certificates: [] }),
      await trust({ file: [signer] }),
    );
    expect(verdict.signer).toBeUndefined();
    expect(errors(verdict)).toEqual(['signer-unknown']);
  });

  test('another root hash', async () => {
    const verdict = await verify(signPkcs7([signer]), await trust({ file: [signer] }), {
      rootHash: 'f'.repeat(64),
    });
    expect(errors(verdict)).toEqual(['signature-wrong']);
    expect(verdict).toMatchObject({ signer: { subject: 'CN=signer' }, acceptedBy: undefined });
  });

  test.each([`${ROOT_HASH}\n`, `${ROOT_HASH}\0`, ROOT_HASH.toUpperCase(), ROOT_HASH.slice(0, 32)])(
    'a signature of something like the root hash: %j',
    async (content) => {
      for (const attributes of [false, true]) {
        const verdict = await verify(
          signPkcs7([signer], { content, attributes }),
          await trust({ file: [signer] }),
        );
        expect(errors(verdict)).toEqual(['signature-wrong']);
      }
    },
  );

  test('a stranger that calls itself by the name and serial number of the trusted', async () => {
    const one = makeIdentity('twin', { serial: 4711 });
    const other = makeIdentity('twin', { serial: 4711 });
    const verdict = await verify(signPkcs7([other]), await trust({ file: [one] }));
    expect(verdict.findings).toMatchObject([
      { code: 'signer-unknown', hint: expect.stringContaining('has another key: beware') },
    ]);
    const without = await verify(signPkcs7([other], { certificates: [] }), await trust({ file: [one] }));
    expect(errors(without)).toEqual(['signature-wrong']);
  });

  test('SHA-1, which systemd and the kernel take', async () => {
    const verdict = await verify(signPkcs7([rsa], { digest: 'sha1' }), await trust({ file: [rsa] }));
    expect(errors(verdict)).toEqual(['signature-digest-unsupported']);
  });

  test('an algorithm that does not go with the digest', async () => {
    const signature = signPkcs7([rsa], { digest: 'sha256', signatureAlgorithm: ALGORITHMS.sha512[1] });
    expect(errors(await verify(signature, await trust({ file: [rsa] })))).toEqual([
      'signature-algorithm-unsupported',
    ]);
  });

  test('an algorithm that does not go with the key', async () => {
    const signature = signPkcs7([signer], { signatureAlgorithm: RSA_ENCRYPTION });
    expect(errors(await verify(signature, await trust({ file: [signer] })))).toEqual(['signature-wrong']);
  });

  test.each([
    ['an RSA key of 1024 bits', () => rsaKey(1024), /1024 bits is too weak/],
    ['a key on secp256k1', () => ecKey('secp256k1'), /curve secp256k1 is not accepted/],
  ] as const)('%s, trusted or not', async (_name, key, message) => {
    const weak = makeIdentity('weak', { key: key() });
    for (const trusted of [undefined, await trust({ file: [weak] }), await trust({ db: [weak] })]) {
      const verdict = await verify(signPkcs7([weak]), trusted);
      expect(errors(verdict)).toEqual(['signer-key-unsupported']);
      expect(verdict.findings[0]?.message).toMatch(message);
      expect(verdict.acceptedBy).toBeUndefined();
    }
  });

  test('something that is no signature', async () => {
    const verdict = await verify(new TextEncoder().encode('no'), await trust({ file: [signer] }));
    expect(verdict.findings).toMatchObject([
      { code: 'signature-malformed', layer: 'signature', level: 'error' },
    ]);
  });

  test('anything, as long as the stores have an error', async () => {
    const trusted = await trust({ file: [signer] });
    const broken = {
      code: 'revocations-unreadable',
      layer: 'trust',
      level: 'error',
      message: 'dbx',
      subjects: [],
    } as const;
    const verdict = await verify(signPkcs7([signer]), { ...trusted, findings: [broken] });
    expect(verdict.findings).toContain(broken);
    expect(verdict.acceptedBy).toBeUndefined();
  });
});

describe('where nobody is asked for', () => {
  test('a right signature is accepted by nobody', async () => {
    expect(await verify(signPkcs7([signer]), undefined)).toMatchObject({
      signer: { subject: 'CN=signer' },
      acceptedBy: undefined,
      findings: [],
    });
  });

  test('a wrong one is refused', async () => {
    expect(errors(await verify(signPkcs7([signer], { content: 'other' }), undefined))).toEqual([
      'signature-wrong',
    ]);
  });

  test('one without its certificate cannot be verified', async () => {
    expect(errors(await verify(signPkcs7([signer], { certificates: [] }), undefined))).toEqual([
      'signer-certificate-missing',
    ]);
  });
});

describe('a chain', () => {
  let root: Identity;
  let middle: Identity;
  let leaf: Identity;
  let chained: Uint8Array;
  beforeAll(() => {
    root = makeIdentity('root');
    middle = makeIdentity('middle', { issuer: root });
    leaf = makeIdentity('leaf', { issuer: middle });
    chained = signPkcs7([leaf], { certificates: [leaf.certificate, middle.certificate] });
  });

  test.each([
    ['over another certificate', () => root, 'CN=leaf'],
    ['from the issuer', () => middle, 'CN=leaf'],
  ])('to the firmware is accepted %s', async (_name, anchor, subject) => {
    const verdict = await verify(chained, await trust({ db: [anchor()] }));
    expect(verdict).toMatchObject({
      signer: { subject },
      acceptedBy: { store: 'db', fingerprint: fingerprint(anchor()), how: 'chain' },
      findings: [],
    });
  });

  test('to a file is not, as with systemd, and the hint says why', async () => {
    for (const anchor of [root, middle]) {
      const verdict = await verify(chained, await trust({ 'verity.d': [anchor] }));
      expect(verdict.findings).toMatchObject([
        { code: 'signer-unknown', hint: expect.stringContaining("it must be the signer's own") },
      ]);
    }
  });

  test('with a link missing is not', async () => {
    const verdict = await verify(signPkcs7([leaf]), await trust({ db: [root] }));
    expect(errors(verdict)).toEqual(['signer-unknown']);
  });

  test('with a link that only carries the name is not', async () => {
    const impostor = makeIdentity('middle', { issuer: stranger });
    const forged = makeIdentity('leaf', { issuer: impostor });
    const signature = signPkcs7([forged], {
      certificates: [forged.certificate, impostor.certificate, middle.certificate, root.certificate],
    });
    expect(errors(await verify(signature, await trust({ db: [root] })))).toEqual(['signer-unknown']);
  });

  test('over a certificate signed with SHA-1 is not', async () => {
    const weak = makeIdentity('weak', { issuer: root, digest: 'sha1' });
    const signature = signPkcs7([weak]);
    expect(errors(await verify(signature, await trust({ db: [root] })))).toEqual(['signer-unknown']);
    expect(errors(await verify(signature, await trust({ db: [weak] })))).toEqual([]);
  });

  test('in a circle ends', async () => {
    const keys = { one: ecKey(), two: ecKey() };
    const first = makeIdentity('one', { key: keys.one });
    const two = makeIdentity('two', { key: keys.two, issuer: first });
    const one = makeIdentity('one', { key: keys.one, issuer: two });
    const signature = signPkcs7([one], { certificates: [one.certificate, two.certificate] });
    expect(errors(await verify(signature, await trust({ db: [root] })))).toEqual(['signer-unknown']);
  });

  test('of more certificates than anybody has is not followed', async () => {
    const many = [root];
    for (let index = 1; index < 10; index++)
      many.unshift(makeIdentity(`link ${index}`, { issuer: many[0]! }));
    const signature = signPkcs7([many[0]!], {
      certificates: many.slice(0, -1).map(({ certificate }) => certificate),
    });
    expect(errors(await verify(signature, await trust({ db: [root] })))).toEqual(['signer-unknown']);
    expect(errors(await verify(signature, await trust({ db: [many[7]!] })))).toEqual([]);
  });

  test('with a weak key in it is refused', async () => {
    const weak = makeIdentity('weak', { key: rsaKey(1024) });
    const issued = makeIdentity('issued', { issuer: weak });
    const verdict = await verify(signPkcs7([issued]), await trust({ db: [weak] }));
    expect(errors(verdict)).toEqual(['signer-key-unsupported']);
  });
});

describe('revoked is a signer', () => {
  const rest = { tbsDigests: new Set<string>(), digests: new Set<string>() };
  let root: Identity;
  let leaf: Identity;
  beforeAll(() => {
    root = makeIdentity('root');
    leaf = makeIdentity('leaf', { issuer: root });
  });
  const places = ['file', 'verity.d', 'db'] as const;

  test.each(places)('that is in dbx, though it is in %s', async (store) => {
    const trusted = await trust({ [store]: [leaf] }, { ...rest, certificates: [await parsed(leaf)] });
    const verdict = await verify(signPkcs7([leaf]), trusted);
    expect(verdict.acceptedBy).toBeUndefined();
    expect(verdict.findings).toMatchObject([
      { code: 'signer-revoked', message: 'the signer is revoked: CN=leaf: it is in dbx' },
    ]);
  });

  test.each(places)('whose issuer is in dbx, though it is in %s itself', async (store) => {
    const trusted = await trust({ [store]: [leaf] }, { ...rest, certificates: [await parsed(root)] });
    expect(errors(await verify(signPkcs7([leaf]), trusted))).toEqual(['signer-revoked']);
  });

  test('whose issuer’s issuer is in dbx, as the signature itself tells', async () => {
    const last = makeIdentity('last', { issuer: leaf });
    const revocations = { ...rest, certificates: [await parsed(root)] };
    const signature = signPkcs7([last], { certificates: [last.certificate, leaf.certificate] });
    const trusted = await trust({ file: [last] }, revocations);
    expect(errors(await verify(signature, trusted))).toEqual(['signer-revoked']);
  });

  test('whose key is in dbx under another certificate', async () => {
    const other = makeIdentity('other name', { key: leaf.key });
    const trusted = await trust({ db: [root] }, { ...rest, certificates: [await parsed(other)] });
    const verdict = await verify(signPkcs7([leaf]), trusted);
    expect(verdict.findings[0]?.message).toBe('the signer is revoked: CN=leaf: its key is in dbx');
  });

  test('over a chain whose trusted end is in dbx', async () => {
    const trusted = await trust({ db: [root] }, { ...rest, certificates: [await parsed(root)] });
    expect(errors(await verify(signPkcs7([leaf]), trusted))).toEqual(['signer-revoked']);
  });

  test.each(['sha256', 'sha384', 'sha512'])('whose certificate’s %s is in dbx', async (digest) => {
    for (const revoked of [leaf, root]) {
      const { tbs } = await parsed(revoked);
      const value = `${digest}:${createHash(digest).update(tbs).digest('hex')}`;
      const trusted = await trust({ db: [root] }, { tbsDigests: new Set([value]) });
      expect(errors(await verify(signPkcs7([leaf]), trusted))).toEqual(['signer-revoked']);
    }
  });

  test('no more, when another way of trust is not revoked', async () => {
    const other = makeIdentity('root', { key: ecKey() });
    const trusted = await trust({ db: [other, root] }, { certificates: [await parsed(other)] });
    expect((await verify(signPkcs7([leaf]), trusted)).acceptedBy).toMatchObject({ source: 'db[1]' });
  });

  test('and a root hash that is in dbx', async () => {
    const trusted = await trust({ file: [leaf] }, { digests: new Set([ROOT_HASH]) });
    expect(errors(await verify(signPkcs7([leaf]), trusted))).toEqual(['root-hash-revoked']);
  });

  test('that hides a second certificate, in PEM, in the one that it brings', async () => {
    const pem = `\n${new X509Certificate(leaf.certificate).toString()}`;
    const shell = makeIdentity('leaf', { issuer: root, key: leaf.key, comment: Buffer.from(pem) });
    const verdict = await verify(signPkcs7([shell]), await trust({ db: [root] }));
    expect(errors(verdict)).toEqual(['signature-malformed']);
    expect(verdict.findings[0]?.message).toContain('second certificate in PEM');
  });
});

describe('dates', () => {
  const past = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2021-01-01T00:00:00Z') };
  const future = { notBefore: new Date('2030-01-01T00:00:00Z'), notAfter: new Date('2031-01-01T00:00:00Z') };
  test.each([
    ['certificate-expired', past, 'expired on 2021-01-01'],
    ['certificate-not-yet-valid', future, 'is valid only from 2030-01-01'],
  ] as const)('%s is a warning, and an error on request', async (code, dates, message) => {
    const late = makeIdentity('late', dates);
    const trusted = await trust({ file: [late] });
    const verdict = await verify(signPkcs7([late]), trusted);
    expect(verdict.findings).toMatchObject([
      { code, level: 'warning', message: expect.stringContaining(message) },
    ]);
    expect(verdict.acceptedBy).toBeDefined();
    const strict = await verify(signPkcs7([late]), trusted, { checkExpiry: true });
    expect(errors(strict)).toEqual([code]);
    expect(strict.acceptedBy).toBeUndefined();
  });

  test('count for the certificates of a chain but not for the trusted one', async () => {
    const root = makeIdentity('root', past);
    const middle = makeIdentity('middle', { ...past, issuer: root });
    const leaf = makeIdentity('leaf', { issuer: middle });
    const signature = signPkcs7([leaf], { certificates: [leaf.certificate, middle.certificate] });
    const verdict = await verify(signature, await trust({ db: [root] }), { checkExpiry: true });
    expect(verdict.findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the certificate of CN=middle expired/),
    ]);
    expect(
      errors(await verify(signPkcs7([middle]), await trust({ db: [middle] }), { checkExpiry: true })),
    ).toEqual(['certificate-expired']);
  });
});

describe('who verifies it besides', () => {
  test.each([
    [
      'an identifier with a digest for RSA',
      () => rsa,
      { signatureAlgorithm: ALGORITHMS.sha256[1] },
      /identifier/,
    ],
    ['a key on P-521', () => makeIdentity('x', { key: ecKey('P-521') }), {}, /secp521r1.*before 6\.10/],
    ['an RSA key of 2560 bits', () => makeIdentity('x', { key: rsaKey(2560) }), {}, /2560 bits/],
    ['a time before the certificate’s', () => signer, { signingTime: new Date('2020-01-01') }, /2020-01-01/],
  ] as const)('not the kernel: %s', async (_name, identity, options, message) => {
    const one = identity();
    const verdict = await verify(signPkcs7([one], options), await trust({ file: [one] }));
    expect(warnings(verdict)).toEqual(['kernel-cannot-verify']);
    expect(verdict.findings[0]?.message).toMatch(message);
    expect(verdict.acceptedBy).toBeDefined();
  });

  test('not systemd: a signer named by its key identifier, which only the firmware’s keys accept', async () => {
    const signature = signPkcs7([signer], { signerId: 'key' });
    const byFirmware = await verify(signature, await trust({ file: [signer], db: [signer] }));
    expect(byFirmware.acceptedBy).toMatchObject({ store: 'db' });
    expect(warnings(byFirmware)).toEqual(['systemd-cannot-verify']);
    const byFile = await verify(signature, await trust({ file: [signer] }));
    expect(byFile.findings).toMatchObject([
      { code: 'signer-unknown', message: expect.stringContaining('by a key identifier') },
    ]);
  });
});

describe('of two signers', () => {
  test.each(['file', 'db'] as const)('both are trusted by %s', async (store) => {
    const verdict = await verify(signPkcs7([signer, rsa]), await trust({ [store]: [signer, rsa] }));
    expect(verdict.findings).toEqual([]);
    expect(verdict.acceptedBy).toMatchObject({ source: `${store}[0]` });
  });

  test('one is trusted by a file: refused, as by systemd', async () => {
    for (const one of [signer, rsa]) {
      const verdict = await verify(signPkcs7([signer, rsa]), await trust({ file: [one] }));
      expect(errors(verdict)).toEqual(['signer-unknown']);
      expect(verdict.acceptedBy).toBeUndefined();
    }
  });

  test('one is trusted by the firmware: accepted, as by the kernel, with a warning', async () => {
    for (const one of [signer, rsa]) {
      const verdict = await verify(signPkcs7([signer, rsa]), await trust({ file: [one], db: [one] }));
      expect(errors(verdict)).toEqual([]);
      expect(warnings(verdict)).toEqual(['systemd-cannot-verify']);
      expect(verdict).toMatchObject({
        signer: { fingerprint: fingerprint(one) },
        acceptedBy: { store: 'db', fingerprint: fingerprint(one) },
      });
    }
  });

  test('one made a wrong signature: refused, whoever is trusted', async () => {
    const liar = { ...stranger, key: ecKey() };
    for (const signers of [
      [signer, liar],
      [liar, signer],
    ]) {
      const verdict = await verify(signPkcs7(signers), await trust({ db: [signer] }));
      expect(errors(verdict)).toEqual(['signature-wrong']);
    }
  });
});

test('signers are described without being verified', async () => {
  const signature = signPkcs7([signer, rsa], { content: 'anything' });
  expect((await describeSigners(signature)).map(({ subject }) => subject)).toEqual(['CN=signer', 'CN=rsa']);
  expect(await describeSigners(signPkcs7([signer], { certificates: [] }))).toEqual([]);
});
