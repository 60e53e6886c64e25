import type { ImageFinding } from '../image/image-finding.ts';
import { type FindIssuers, withAncestors } from './find-signer.ts';
import { isIssuedBy, isNamedBy, type ParsedCertificate } from './pkcs7/parsed-certificate.ts';
import type { SignerInfo } from './pkcs7/signed-data.ts';
import { type SignatureCode, signatureFinding } from './signature-findings.ts';
import { signerIdentity } from './signer-identity.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/**
 * Says that a signer is none of those who are trusted, and what it most likely takes: the hint tells the mistakes that are
 * easy to make from a signature by a stranger.
 *
 * @param holder The certificate whose key made the signature, if the signature brings it.
 */
export function unknownSigner(
  { signerId }: SignerInfo,
  holder: ParsedCertificate | undefined,
  findIssuers: FindIssuers,
  { certificates: trusted, howToTrust }: TrustedKeys,
): ImageFinding<SignatureCode> {
  const add = (message: string, hint: string) => signatureFinding('signer-unknown', 'error', message, hint);
  const byKey = trusted.find(({ certificate }) => isNamedBy(signerId, certificate));
  if (byKey !== undefined && signerId.by === 'key') {
    return add(
      `the signature names its signer by a key identifier, so systemd cannot look it up in ${byKey.source}`,
      'have the image signed again, with the signer named by issuer and serial number (openssl: without -keyid)',
    );
  }
  if (holder === undefined) {
    return add(
      'the signer is none of those who are trusted, and the signature does not bring the certificate',
      howToTrust === undefined
        ? 'name the certificate of the signer with --certificate, if you trust it'
        : `if you trust it: ${howToTrust}`,
    );
  }
  const { subject, fingerprint } = signerIdentity(holder);
  const message = `the signer is none of those who are trusted: ${subject} (SHA-256 ${fingerprint})`;
  if (byKey !== undefined) {
    return add(message, `${byKey.source} is of the same name and serial number, but has another key: beware`);
  }
  const ancestors = withAncestors(holder, findIssuers);
  const issuer = trusted.find(({ certificate }) => ancestors.some((one) => isIssuedBy(one, certificate)));
  if (issuer !== undefined) {
    return add(
      message,
      `${issuer.source} is the certificate of who issued the signer's; as for systemd, it must be the signer's own`,
    );
  }
  return add(
    message,
    `if you trust it: ${howToTrust ?? 'put its certificate into /etc/verity.d, or enrol it in db'}`,
  );
}
