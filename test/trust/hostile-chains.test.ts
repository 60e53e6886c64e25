import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { CertificateChoices, CertificateSet, ContentInfo, SignedData, SignerInfos } from '@peculiar/asn1-cms';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate } from '@peculiar/asn1-x509';
import { expect, it, vi } from 'vitest';
import { signDetached } from '../../src/image/signature/detached-signature.ts';
import { NO_REVOCATIONS } from '../../src/trust/revocations.ts';
import { selfSignedCertificate } from '../../src/trust/self-signed-certificate.ts';
import { verifySignature } from '../../src/trust/verify-signature.ts';
import { signatureFixture } from '../image/test-signer.ts';

const ROOT_HASH = 'ab'.repeat(32);
const CERTIFICATES = 16;
const SIGNERS = 8;

/** A signature by several signers, with certificates that differ in a date only: each of them issued all others. */
async function entangledSignature(): Promise<Uint8Array> {
  const key = createPrivateKey(signatureFixture('rsa.key'));
  const certificates = await Promise.all(
    Array.from({ length: CERTIFICATES }, (_, second) =>
      selfSignedCertificate(key, {
        commonName: 'everybody',
        notBefore: new Date(1_600_000_000_000 + 1000 * second),
        notAfter: new Date(4_000_000_000_000),
      }),
    ),
  );
  const signature = await signDetached(Buffer.from(ROOT_HASH), {
    certificate: certificates[0]!,
    keyType: 'rsa',
    sign: (data) => sign('sha256', data, key),
  });
  const info = AsnConvert.parse(signature, ContentInfo);
  const signed = AsnConvert.parse(info.content, SignedData);
  signed.certificates = new CertificateSet(
    certificates.map((der) => new CertificateChoices({ certificate: AsnConvert.parse(der, Certificate) })),
  );
  signed.signerInfos = new SignerInfos(Array(SIGNERS).fill(signed.signerInfos[0]));
  info.content = AsnConvert.serialize(signed);
  return new Uint8Array(AsnConvert.serialize(info));
}

it('certificates that all issued each other are verified once for each two, however many ways there are', async () => {
  const signature = await entangledSignature();
  const verify = vi.spyOn(X509Certificate.prototype, 'verify');
  try {
    const { acceptedBy, findings } = await verifySignature({
      signature,
      rootHash: ROOT_HASH,
      trusted: { certificates: [], revocations: NO_REVOCATIONS, findings: [] },
      checkExpiry: false,
      now: new Date('2030-01-01'),
    });
    expect(acceptedBy).toBeUndefined();
    expect(findings).toMatchObject([{ code: 'signer-unknown' }]);
    expect(verify.mock.calls.length).toBeGreaterThan(0);
    expect(verify.mock.calls.length).toBeLessThanOrEqual(CERTIFICATES ** 2);
  } finally {
    verify.mockRestore();
  }
});
