import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSignedData } from '../../src/trust/pkcs7/signed-data.ts';
import { verifySignature } from '../../src/trust/verify-signature.ts';
import { type Identity, makeIdentity, NOW, ROOT_HASH, rsaKey, signPkcs7, trust } from './pki.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/signature/${name}`, import.meta.url));
const root = makeIdentity('root');
const leaf = makeIdentity('leaf', { issuer: root });
const rsa = makeIdentity('rsa', { key: rsaKey() });
const ofOpenssl = (name: string): { signature: Uint8Array; trusted: Identity } => ({
  signature: new Uint8Array(fixture(`${name}.p7s`)),
  trusted: { certificate: new X509Certificate(fixture(`${name}.crt`)).raw, key: root.key },
});

/** One bit of a byte, and all of them. */
const CHANGES = [0x01, 0xff];

test.each([
  ['OpenSSL, RSA', ofOpenssl('rsa'), 'file'],
  ['OpenSSL, P-256', ofOpenssl('ec-p256'), 'verity.d'],
  ['OpenSSL, P-384', ofOpenssl('ec-p384'), 'db'],
  ['signed attributes', { signature: signPkcs7([rsa], { signingTime: NOW }), trusted: rsa }, 'file'],
  ['a chain', { signature: signPkcs7([leaf]), trusted: root }, 'db'],
  ['no certificate', { signature: signPkcs7([leaf], { certificates: [] }), trusted: leaf }, 'file'],
] as const)('any byte changed: %s', async (_name, { signature, trusted: identity }, store) => {
  const trusted = await trust({ [store]: [identity] });
  const verify = (bytes: Uint8Array) =>
    verifySignature({ signature: bytes, rootHash: ROOT_HASH, trusted, checkExpiry: false, now: NOW });
  expect((await verify(signature)).acceptedBy).toMatchObject({ store });
  const [embedded] = (await readSignedData(signature)).certificates;
  const start = embedded === undefined ? 0 : Buffer.from(signature).indexOf(Buffer.from(embedded));
  const end = start + (embedded?.length ?? 0);
  const isChain = identity === root;

  for (let index = 0; index < signature.length; index++) {
    for (const change of CHANGES) {
      const changed = Uint8Array.from(signature);
      changed[index]! ^= change;
      const { acceptedBy, findings } = await verify(changed);
      const isAccepted = findings.every(({ level }) => level !== 'error');
      expect(acceptedBy !== undefined).toBe(isAccepted);
      // The signer is looked up among the trusted certificates: the copy in the signature is then not needed.
      const isIrrelevant = !isChain && index >= start && index < end;
      if (isAccepted) expect({ index, isIrrelevant }).toEqual({ index, isIrrelevant: true });
    }
  }
});
