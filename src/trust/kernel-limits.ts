import type { X509Certificate } from 'node:crypto';

/**
 * What Linux 6.12 can verify of a detached PKCS#7 signature, where it is less than OpenSSL can. It is asked for signatures by
 * keys of the firmware, and wherever `dm_verity.require_signatures` is set.
 */

/** Sizes of RSA keys (crypto/rsa.c, rsa_check_key_length), of those long enough to be accepted here. */
export const KERNEL_RSA_BITS: ReadonlySet<number> = new Set([2048, 3072, 4096]);

/** Curves by OpenSSL's name, and the release that first knew them where that is not long ago (crypto/ecdsa.c). */
const KERNEL_CURVES: ReadonlyMap<string, string | undefined> = new Map([
  ['prime256v1', undefined],
  ['secp384r1', undefined],
  ['secp521r1', '6.10'],
]);

/**
 * Algorithms of a certificate's own signature (crypto/asymmetric_keys/x509_cert_parser.c, x509_note_sig_algo). The kernel
 * rejects a PKCS#7 whose certificate has another, such as RSA-PSS or Ed25519, as a whole. Those with SHA-1 or MD5, which it
 * reads, too, stand apart: whoever can make collisions can make such certificates.
 */
const STRONG_SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set([
  // RFC 8017, appendix C: PKCS#1 v1.5 with SHA-224, SHA-256, SHA-384, SHA-512.
  '1.2.840.113549.1.1.14',
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  // RFC 5758, section 3.2: ECDSA with SHA-224, SHA-256, SHA-384, SHA-512.
  '1.2.840.10045.4.3.1',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
]);
/** With SHA-1: RSA and ECDSA. */
const WEAK_SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set(['1.2.840.113549.1.1.5', '1.2.840.10045.4.1']);

/**
 * Algorithms of the signature itself (crypto/asymmetric_keys/pkcs7_parser.c, pkcs7_sig_note_pkey_algo): for RSA only the
 * identifier without a digest, for ECDSA only those with one.
 */
const PKCS7_SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.1',
  '1.2.840.10045.4.3.1',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
]);

/** Whether the kernel reads a certificate whose issuer signed it with this algorithm, an object identifier. */
export function kernelReadsCertificatesSignedWith(algorithm: string): boolean {
  return STRONG_SIGNATURE_ALGORITHMS.has(algorithm) || WEAK_SIGNATURE_ALGORITHMS.has(algorithm);
}

/** Whether the kernel follows a certificate signed with this algorithm to its issuer, and can be relied on to be right. */
export function isStrongLink(algorithm: string): boolean {
  return STRONG_SIGNATURE_ALGORITHMS.has(algorithm);
}

/** What of a signature the kernel looks at beyond what everybody does. */
export interface KernelSubject {
  /** Object identifiers. */
  readonly signatureAlgorithm: string;
  readonly digestAlgorithm: string;
  /** The time that the signer stated in the signed attributes. */
  readonly signingTime: Date | undefined;
  /** The signer's certificate. */
  readonly certificate: X509Certificate;
  /** The algorithms that the certificates in the signature are signed with. */
  readonly certificateAlgorithms: readonly string[];
}

/** Why Linux 6.12 refuses a signature that is right: whole clauses, none if it takes it. */
export function kernelObjections(subject: KernelSubject): string[] {
  const { signatureAlgorithm, digestAlgorithm, signingTime, certificate, certificateAlgorithms } = subject;
  const objections: string[] = [];
  if (!PKCS7_SIGNATURE_ALGORITHMS.has(signatureAlgorithm)) {
    objections.push(`its algorithm has an identifier (${signatureAlgorithm}) that Linux does not know`);
  }
  // RFC 9688, section 2: SHA-3 is 8, 9 and 10 of NIST's arc of digests.
  if (/^2\.16\.840\.1\.101\.3\.4\.2\.(?:8|9|10)$/.test(digestAlgorithm)) {
    objections.push('it is made with SHA-3, which Linux before 6.7 does not know');
  }
  const { modulusLength, namedCurve } = certificate.publicKey.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined && !KERNEL_RSA_BITS.has(modulusLength)) {
    objections.push(`the signer's RSA key has ${modulusLength} bits, where Linux knows 2048, 3072 and 4096`);
  }
  if (namedCurve !== undefined) {
    const since = KERNEL_CURVES.get(namedCurve);
    if (since !== undefined) {
      objections.push(`the signer's key is on ${namedCurve}, which Linux before ${since} does not know`);
    } else if (!KERNEL_CURVES.has(namedCurve)) {
      objections.push(`the signer's key is on ${namedCurve}, which Linux does not know`);
    }
  }
  const unknown = certificateAlgorithms.find((algorithm) => !kernelReadsCertificatesSignedWith(algorithm));
  if (unknown !== undefined) {
    objections.push(`it brings a certificate signed with an algorithm (${unknown}) that Linux does not know`);
  }
  // crypto/asymmetric_keys/pkcs7_verify.c, pkcs7_verify_one: the only date that the kernel ever looks at.
  const { validFromDate, validToDate } = certificate;
  if (signingTime !== undefined && (signingTime < validFromDate || signingTime > validToDate)) {
    objections.push(
      `it states a time of signing (${signingTime.toISOString()}) at which the signer's certificate was not valid`,
    );
  }
  return objections;
}
