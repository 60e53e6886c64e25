import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TrustError } from '../../../src/trust/error.ts';
import { derElements, derProblem } from '../../../src/trust/pkcs7/check-der.ts';
import { parseCertificate } from '../../../src/trust/pkcs7/parsed-certificate.ts';
import { signerIdentity } from '../../../src/trust/signer-identity.ts';
import { makeIdentity } from '../pki.ts';

const rsa = new Uint8Array(readFileSync(new URL('../fixtures/rsa.der', import.meta.url)));

test('the parts of a certificate are those of its bytes', async () => {
  const parsed = await parseCertificate(rsa, 'rsa.der');
  expect(parsed.tbs).toEqual(derElements(rsa)[0]);
  const [, serial, , issuer, , subject, publicKeyInfo] = derElements(parsed.tbs);
  expect(parsed.serialNumber).toBe(Buffer.from(serial!.subarray(2)).toString('hex'));
  expect(parsed.issuer).toEqual(new Uint8Array(issuer!));
  expect(parsed.subject).toEqual(new Uint8Array(subject!));
  expect(Buffer.from(parsed.publicKeyInfo)).toEqual(Buffer.from(publicKeyInfo!));
  expect(parsed.keyIdentifier).toHaveLength(20);
});

describe('is refused', () => {
  test.each([
    ['what is not in DER', () => Buffer.concat([rsa, Buffer.of(0)]), /not in DER: there is something behind/],
    ['what is too large', () => new Uint8Array(64 * 1024 + 1), /too many for a certificate/],
    ['what is no certificate', () => Buffer.from('3003020101', 'hex'), /no X\.509 certificate/],
    [
      'what holds another certificate in PEM',
      () => {
        const inner = readFileSync(new URL('../fixtures/rsa.pem', import.meta.url));
        return makeIdentity('outer', { comment: Buffer.concat([Buffer.from('\n'), inner]) }).certificate;
      },
      /a second certificate in PEM/,
    ],
  ] as const)('%s', async (_name, bytes, message) => {
    await expect(parseCertificate(bytes(), 'x')).rejects.toMatchObject({
      code: 'unreadable-certificate',
      message: expect.stringMatching(message),
    });
  });
});

test('a certificate with any byte changed is described or refused', async () => {
  const bytes = makeIdentity('changed').certificate;
  let read = 0;
  for (const change of [0x01, 0x80, 0xff]) {
    for (let index = 0; index < bytes.length; index++) {
      const changed = Uint8Array.from(bytes);
      changed[index]! ^= change;
      try {
        const parsed = await parseCertificate(changed, 'changed');
        expect(signerIdentity(parsed).validTo).toMatch(/^\d{4}-\d\d-\d\dT/);
        expect(derProblem(changed)).toBeUndefined();
        read += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(TrustError);
      }
    }
  }
  expect(read).toBeGreaterThan(bytes.length);
});

test('a certificate with dates of any form is described with a date of four digits, or refused', async () => {
  const [, , , , validity] = derElements((await parseCertificate(rsa, 'rsa.der')).tbs);
  const start = Buffer.from(rsa).indexOf(validity!);
  const [, notAfter] = derElements(validity!);
  const end = start + validity!.length - notAfter!.length;
  let refused = 0;
  for (let index = end + 2; index < start + validity!.length; index++) {
    for (let byte = 0; byte < 256; byte++) {
      const changed = Uint8Array.from(rsa);
      changed[index] = byte;
      try {
        expect(signerIdentity(await parseCertificate(changed, 'changed')).validTo).toMatch(
          /^\d{4}-\d\d-\d\dT/,
        );
      } catch (error) {
        expect(error).toBeInstanceOf(TrustError);
        refused += 1;
      }
    }
  }
  expect(refused).toBeGreaterThan(1000);
});
