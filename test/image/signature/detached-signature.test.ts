import { describe, expect, test } from 'vitest';
import { signDetached } from '../../../src/image/signature/detached-signature.ts';
import { replayingSigner, signatureFixture, testSigner } from '../test-signer.ts';

/** What the fixtures sign. */
const CONTENT = Buffer.from('0123456789abcdef'.repeat(4));

test('signs with RSA as OpenSSL does, byte for byte', async () => {
  const signature = await signDetached(CONTENT, testSigner('rsa'));
  expect(Buffer.from(signature).toString('hex')).toBe(signatureFixture('rsa.p7s').toString('hex'));
});

test.each(['ec-p256', 'ec-p384'] as const)('frames a signature of %s as OpenSSL does', async (name) => {
  const expected = signatureFixture(`${name}.p7s`);
  const signature = await signDetached(CONTENT, replayingSigner(name, expected));
  expect(Buffer.from(signature).toString('hex')).toBe(expected.toString('hex'));
});

test('hands the signer the content itself', async () => {
  const seen: Uint8Array[] = [];
  const signer = testSigner('rsa');
  await signDetached(CONTENT, {
    ...signer,
    sign: (data) => {
      seen.push(data);
      return signer.sign(data);
    },
  });
  expect(seen.map((data) => Buffer.from(data).toString())).toEqual([CONTENT.toString()]);
});

describe('a certificate that is not in DER', () => {
  test('is refused, since it would be embedded as another one', async () => {
    const signer = testSigner('rsa');
    const certificate = Buffer.from(signer.certificate);
    // "Critical" of the basic constraints: TRUE is FF in DER, anything but 00 in BER.
    const place = certificate.indexOf(Buffer.from('0101ff', 'hex'));
    expect(place).toBeGreaterThan(0);
    certificate[place + 2] = 1;
    await expect(signDetached(CONTENT, { ...signer, certificate })).rejects.toMatchObject({
      name: 'ImageError',
      code: 'unrepresentable',
      hint: expect.stringContaining('openssl'),
    });
  });
});
