import { constants, createHash, type KeyObject, verify } from 'node:crypto';
import { equal } from './parsed-certificate.ts';
import type { SignerInfo } from './signed-data.ts';

/** Digests by object identifier (RFC 5754, section 2). SHA-1 and MD5, for which collisions can be made, are not among them. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.8', 'sha3-256'],
  ['2.16.840.1.101.3.4.2.9', 'sha3-384'],
  ['2.16.840.1.101.3.4.2.10', 'sha3-512'],
]);

interface Scheme {
  readonly keyType: 'rsa' | 'ec';
  /** The digest that the identifier names; undefined if it leaves that to the digest algorithm. */
  readonly digest?: string;
  readonly isPss?: boolean;
}

/** Signature algorithms by object identifier (RFC 8017 appendix C, RFC 5754 section 3, RFC 5480 section 2.1.1). */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ['1.2.840.113549.1.1.1', { keyType: 'rsa' }],
  ['1.2.840.113549.1.1.14', { keyType: 'rsa', digest: 'sha224' }],
  ['1.2.840.113549.1.1.11', { keyType: 'rsa', digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { keyType: 'rsa', digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { keyType: 'rsa', digest: 'sha512' }],
  ['1.2.840.113549.1.1.10', { keyType: 'rsa', isPss: true }],
  ['1.2.840.10045.2.1', { keyType: 'ec' }],
  ['1.2.840.10045.4.3.1', { keyType: 'ec', digest: 'sha224' }],
  ['1.2.840.10045.4.3.2', { keyType: 'ec', digest: 'sha256' }],
  ['1.2.840.10045.4.3.3', { keyType: 'ec', digest: 'sha384' }],
  ['1.2.840.10045.4.3.4', { keyType: 'ec', digest: 'sha512' }],
]);

/** What came of verifying one signature with one key. */
export type SignerOutcome = 'right' | 'wrong' | 'unsupported-digest' | 'unsupported-algorithm';

/** Verifies that a key signed some content (RFC 5652, section 5.6). */
export function verifySigner(signer: SignerInfo, content: Uint8Array, key: KeyObject): SignerOutcome {
  const digest = DIGESTS.get(signer.digestAlgorithm);
  if (digest === undefined) return 'unsupported-digest';
  const scheme = SCHEMES.get(signer.signatureAlgorithm);
  if (scheme === undefined || (scheme.digest !== undefined && scheme.digest !== digest)) {
    return 'unsupported-algorithm';
  }
  if (key.asymmetricKeyType !== scheme.keyType) return 'wrong';
  const { signedAttributes, signature } = signer;
  if (signedAttributes !== undefined) {
    const found = createHash(digest).update(content).digest();
    if (!equal(found, signedAttributes.messageDigest)) return 'wrong';
  }
  const signed = signedAttributes?.signed ?? content;
  const padding =
    scheme.isPss === true
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
      : {};
  try {
    return verify(digest, signed, { key, ...padding }, signature) ? 'right' : 'wrong';
  } catch {
    // OpenSSL throws for a signature that no key of this kind can have made.
    return 'wrong';
  }
}

/** Whether Linux cannot verify this kind of signature (crypto/asymmetric_keys/pkcs7_parser.c, pkcs7_sig_note_pkey_algo). */
export function isUnknownToKernel({ signatureAlgorithm }: SignerInfo): boolean {
  return SCHEMES.get(signatureAlgorithm)?.isPss === true;
}
