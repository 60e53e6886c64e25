import { sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Signer } from '../../src/image/signature/signer.ts';

/** Names of the keys in test/fixtures/signature. */
export type TestKey = 'rsa' | 'ec-p256' | 'ec-p384';

/** A file of test/fixtures/signature. */
export function signatureFixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/signature/${name}`, import.meta.url));
}

/** A signer with a key of test/fixtures/signature. */
export function testSigner(name: TestKey): Signer {
  const key = signatureFixture(`${name}.key`);
  return {
    certificate: new X509Certificate(signatureFixture(`${name}.crt`)).raw,
    keyType: name === 'rsa' ? 'rsa' : 'ec',
    sign: (data) => sign('sha256', data, key),
  };
}

/**
 * A signer that has the certificate of `name` and gives the signature in a PKCS#7 that was made with that key, since
 * ECDSA gives another one each time. The signature is the last of the DER, in an octet string.
 */
export function replayingSigner(name: TestKey, pkcs7: Uint8Array): Signer {
  const start = pkcs7.findLastIndex(
    (byte, index) => byte === 0x30 && pkcs7[index + 1] === pkcs7.length - index - 2,
  );
  return { ...testSigner(name), sign: () => pkcs7.subarray(start) };
}
