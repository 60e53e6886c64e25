import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findPemBlock, isCertificateLabel, isPrivateKeyLabel, pem, pemText } from '../../src/trust/pem.ts';
import { fixture } from './fixture.ts';

test('writes what openssl writes', () => {
  expect(pem('CERTIFICATE', fixture('rsa.der'))).toBe(fixture('rsa.pem').toString());
});

test('finds what it wrote, whatever stands around it', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.string(),
      fc.string(),
      (der, before, after) => {
        fc.pre(!before.includes('-----'));
        const block = pem('CERTIFICATE', der);
        const found = findPemBlock(`${before}\n${block}${after}`, isCertificateLabel);
        expect(found).toEqual({ label: 'CERTIFICATE', text: block });
      },
    ),
  );
});

test('takes the first that is accepted, and nothing that only looks like one', () => {
  const text = [
    'quoted -----BEGIN CERTIFICATE----- in a sentence',
    '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----',
    '-----BEGIN X509 CERTIFICATE-----\nfirst\n-----END X509 CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----\nsecond\n-----END CERTIFICATE-----',
  ].join('\n');
  expect(findPemBlock(text, isCertificateLabel)?.text).toContain('first');
  expect(findPemBlock(text, isPrivateKeyLabel)).toBeUndefined();
  expect(findPemBlock('-----BEGIN CERTIFICATE-----\nAAAA', isCertificateLabel)).toBeUndefined();
  expect(findPemBlock('-----BEGIN ', isCertificateLabel)).toBeUndefined();
});

test('keeps every byte of a file', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(Buffer.from(pemText(bytes), 'latin1')).toEqual(Buffer.from(bytes));
    }),
  );
});
