import type { ParsedCertificate } from './pkcs7/parsed-certificate.ts';

/** Who signed, by the certificate. */
export interface SignerIdentity {
  /** Distinguished names, such as `C=DE, CN=db`. */
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly validFrom: string;
  readonly validTo: string;
  /** Such as `rsa` or `ec`. */
  readonly keyType: string;
  /** Bits of an RSA key's modulus. */
  readonly keyBits?: number;
  /** Name of an elliptic curve, such as `prime256v1`. */
  readonly curve?: string;
}

/** Describes the holder of a certificate. */
export function signerIdentity({ x509, serialNumber }: ParsedCertificate): SignerIdentity {
  const { modulusLength, namedCurve } = x509.publicKey.asymmetricKeyDetails ?? {};
  return {
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    serialNumber,
    fingerprint: fingerprintOf(x509),
    validFrom: x509.validFromDate.toISOString(),
    validTo: x509.validToDate.toISOString(),
    keyType: x509.publicKey.asymmetricKeyType ?? 'unknown',
    ...(modulusLength !== undefined && { keyBits: modulusLength }),
    ...(namedCurve !== undefined && { curve: namedCurve }),
  };
}

/** SHA-256 of a certificate, lower-case hexadecimal. */
export function fingerprintOf({ fingerprint256 }: ParsedCertificate['x509']): string {
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

/** A name as node:crypto writes it has a line for every part; a certificate may have none. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ') || '(no name)';
}
