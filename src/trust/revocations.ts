import { createHash } from 'node:crypto';
import { equal, isSignedBy, type ParsedCertificate } from './pkcs7/parsed-certificate.ts';

/** Digests of a certificate's to-be-signed part that dbx can hold. */
export const TBS_DIGESTS = ['sha256', 'sha384', 'sha512'] as const;

/** Who may no longer sign, and what is no longer to be used: the firmware's dbx (UEFI 2.10, section 32.4.1). */
export interface Revocations {
  readonly certificates: readonly ParsedCertificate[];
  /**
   * Digests of certificates' to-be-signed parts, such as `sha256:…` in lower-case hexadecimal. Their times of revocation do
   * not count: a signature here has no time that anybody vouches for, so it may have been made later.
   */
  readonly tbsDigests: ReadonlySet<string>;
  /**
   * SHA-256 entries, lower-case hexadecimal. They are digests of programs, which no extension image has. One that
   * equals an image's root hash was put there to revoke that image.
   */
  readonly digests: ReadonlySet<string>;
}

/** Nothing is revoked. */
export const NO_REVOCATIONS: Revocations = {
  certificates: [],
  tbsDigests: new Set(),
  digests: new Set(),
};

/**
 * Why a certificate is revoked: it is in dbx, by itself, by its issuer and serial number, by its key or by its digest,
 * or a certificate in dbx issued it. Undefined if it is not.
 */
export function revocationOf(certificate: ParsedCertificate, revocations: Revocations): string | undefined {
  for (const revoked of revocations.certificates) {
    const isSame =
      equal(certificate.x509.raw, revoked.x509.raw) ||
      (equal(certificate.issuer, revoked.issuer) && certificate.serialNumber === revoked.serialNumber);
    if (isSame) return 'it is in dbx';
    if (equal(certificate.publicKeyInfo, revoked.publicKeyInfo)) return 'its key is in dbx';
    if (isSignedBy(certificate, revoked)) return 'who issued it is in dbx';
  }
  for (const digest of TBS_DIGESTS) {
    const value = createHash(digest).update(certificate.tbs).digest('hex');
    if (revocations.tbsDigests.has(`${digest}:${value}`)) return 'its digest is in dbx';
  }
  return undefined;
}
