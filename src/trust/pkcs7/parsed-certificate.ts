import { X509Certificate } from 'node:crypto';
import { TrustError } from '../error.ts';
import { derProblem } from './check-der.ts';
import type { SignerId } from './signed-data.ts';

/** Bytes of a certificate; real ones have some thousand. */
const CERTIFICATE_MAX = 64 * 1024;
/** Bits of an RSA key, beyond which verifying takes long: OpenSSL's own limit (OPENSSL_RSA_MAX_MODULUS_BITS). */
const RSA_BITS_MAX = 16384;

/** A certificate with what node:crypto does not tell of it. */
export interface ParsedCertificate {
  readonly x509: X509Certificate;
  /** What its issuer signed (RFC 5280, section 4.1.1.1), DER. */
  readonly tbs: Uint8Array;
  /** DER of the names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** DER of the public key with its algorithm. */
  readonly publicKeyInfo: Uint8Array;
  readonly keyIdentifier: Uint8Array | undefined;
  /** Object identifier of the algorithm that its issuer signed it with. */
  readonly signatureAlgorithm: string;
}

/**
 * Certificates that were parsed, by their DER in Latin-1. One signer's is in every image, and in the firmware's variables; parsing
 * it takes longer than verifying a signature with it.
 */
const PARSED = new Map<string, ParsedCertificate>();
const PARSED_MAX = 64;

/**
 * Parses a certificate in DER. Throws a TrustError `unreadable-certificate`.
 *
 * @param name What it is, for messages.
 */
export async function parseCertificate(der: Uint8Array, name: string): Promise<ParsedCertificate> {
  const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('latin1');
  const known = PARSED.get(key);
  if (known !== undefined) return known;
  const parsed = await parse(der, name);
  if (PARSED.size >= PARSED_MAX) PARSED.clear();
  PARSED.set(key, parsed);
  return parsed;
}

async function parse(der: Uint8Array, name: string): Promise<ParsedCertificate> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new TrustError('unreadable-certificate', `${name}: ${reason}`, { cause });
  };
  if (der.length > CERTIFICATE_MAX) refuse(`${der.length} bytes are too many for a certificate`);
  const problem = derProblem(der);
  if (problem !== undefined) refuse(`the certificate is not in DER: ${problem}`);
  const [{ AsnConvert }, { Certificate, id_ce_subjectKeyIdentifier, SubjectKeyIdentifier }] =
    await Promise.all([import('@peculiar/asn1-schema'), import('@peculiar/asn1-x509')]);
  try {
    const x509 = new X509Certificate(der);
    const { tbsCertificate, tbsCertificateRaw, signatureAlgorithm } = AsnConvert.parse(der, Certificate);
    // OpenSSL looks for PEM first, wherever in the bytes it is: another certificate than the one that is asked for.
    if (!equal(x509.raw, der)) refuse('it holds a second certificate in PEM');
    if (![x509.validFromDate, x509.validToDate].every(isCertificateDate)) refuse('its dates cannot be read');
    const { modulusLength = 0 } = x509.publicKey.asymmetricKeyDetails ?? {};
    if (modulusLength > RSA_BITS_MAX) refuse(`its RSA key has ${modulusLength} bits, which are too many`);
    const extension = tbsCertificate.extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
    const serialize = (value: unknown): Uint8Array => new Uint8Array(AsnConvert.serialize(value));
    return {
      x509,
      tbs: new Uint8Array(tbsCertificateRaw ?? AsnConvert.serialize(tbsCertificate)),
      issuer: serialize(tbsCertificate.issuer),
      subject: serialize(tbsCertificate.subject),
      serialNumber: Buffer.from(tbsCertificate.serialNumber).toString('hex'),
      publicKeyInfo: x509.publicKey.export({ type: 'spki', format: 'der' }),
      keyIdentifier:
        extension && new Uint8Array(AsnConvert.parse(extension.extnValue, SubjectKeyIdentifier).buffer),
      signatureAlgorithm: signatureAlgorithm.algorithm,
    };
  } catch (cause) {
    if (cause instanceof TrustError) throw cause;
    return refuse('it is no X.509 certificate that can be read', cause);
  }
}

/** Whether a date can stand in a certificate, whose years have four digits (RFC 5280, section 4.1.2.5). */
function isCertificateDate(date: Date): boolean {
  const year = date.getUTCFullYear();
  return year >= 0 && year <= 9999;
}

/** Whether a signature names this certificate as the signer's. */
export function isNamedBy(signerId: SignerId, certificate: ParsedCertificate): boolean {
  return signerId.by === 'issuer'
    ? signerId.serialNumber === certificate.serialNumber && equal(signerId.issuer, certificate.issuer)
    : certificate.keyIdentifier !== undefined && equal(signerId.keyIdentifier, certificate.keyIdentifier);
}

/** Whether the key of `issuer` signed `certificate`, which names it as its issuer. */
export function isIssuedBy(certificate: ParsedCertificate, issuer: ParsedCertificate): boolean {
  return equal(certificate.issuer, issuer.subject) && isSignedBy(certificate, issuer);
}

/**
 * Whether the key of `issuer` signed `certificate`, whatever it is called. Verified once for two certificates, however many
 * ways lead past them: with the largest keys it takes a millisecond.
 */
export function isSignedBy(certificate: ParsedCertificate, issuer: ParsedCertificate): boolean {
  const issuers = KNOWN_ISSUERS.get(certificate) ?? new WeakMap<ParsedCertificate, boolean>();
  KNOWN_ISSUERS.set(certificate, issuers);
  const isSigned = issuers.get(issuer) ?? verifies(certificate, issuer);
  issuers.set(issuer, isSigned);
  return isSigned;
}

const KNOWN_ISSUERS = new WeakMap<ParsedCertificate, WeakMap<ParsedCertificate, boolean>>();

function verifies(certificate: ParsedCertificate, issuer: ParsedCertificate): boolean {
  try {
    return certificate.x509.verify(issuer.x509.publicKey);
  } catch {
    // OpenSSL refuses a key of another kind than the signature's instead of finding that it does not fit.
    return false;
  }
}

/** Whether two byte strings are the same. */
export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
