import { X509Certificate } from 'node:crypto';
import { parseCertificate } from '../../src/trust/pkcs7/parsed-certificate.ts';
import { NO_REVOCATIONS } from '../../src/trust/revocations.ts';
import type { TrustedKeys } from '../../src/trust/trusted-keys.ts';
import { signatureFixture, type TestKey } from '../../test/image/test-signer.ts';

/** A day on which the certificates of the tests are valid. */
export const NOW = new Date('2030-01-01T00:00:00Z');

/** Trust in the holders of some of the keys that tests sign with. */
export async function trustIn(...names: readonly TestKey[]): Promise<TrustedKeys> {
  const certificates = await Promise.all(
    names.map(async (name) => {
      const { raw } = new X509Certificate(signatureFixture(`${name}.crt`));
      const certificate = await parseCertificate(raw, name);
      return { certificate, store: 'db', source: name, isAnchor: true } as const;
    }),
  );
  return { certificates, revocations: NO_REVOCATIONS, findings: [] };
}
