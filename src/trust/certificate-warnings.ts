import type { X509Certificate } from 'node:crypto';
import { TrustError } from './error.ts';

/** Something about a signing key that works today, and that its owner should know. */
export interface SigningWarning {
  readonly code:
    | 'key-file-permissions'
    | 'certificate-expired'
    | 'certificate-not-yet-valid'
    | 'certificate-key-usage';
  /** One sentence without the final full stop. */
  readonly message: string;
  readonly hint: string;
}

/**
 * What stands in a certificate against signing with it now. None of it stops systemd or the kernel, which look
 * neither at dates nor at the key usage of the signer of a root hash; other verifiers may.
 *
 * `name` is the file's, for messages. Throws a TrustError `unreadable-certificate` when the extensions are damaged.
 */
export async function certificateWarnings(
  certificate: X509Certificate,
  name: string,
  now: Date,
): Promise<SigningWarning[]> {
  const warnings: SigningWarning[] = [];
  if (now > certificate.validToDate) {
    warnings.push({
      code: 'certificate-expired',
      message: `certificate ${name}: it expired on ${certificate.validToDate.toISOString()}`,
      hint: 'systemd and the kernel do not look at the date; a stricter verifier will refuse the image',
    });
  }
  if (now < certificate.validFromDate) {
    warnings.push({
      code: 'certificate-not-yet-valid',
      message: `certificate ${name}: it is valid only from ${certificate.validFromDate.toISOString()}`,
      hint: "check this machine's clock; systemd and the kernel do not look at the date",
    });
  }
  if (!(await allowsDigitalSignature(certificate.raw, name))) {
    warnings.push({
      code: 'certificate-key-usage',
      message: `certificate ${name}: its key usage does not include digital signatures`,
      hint: 'systemd and the kernel do not look at the key usage; a stricter verifier will refuse the image',
    });
  }
  return warnings;
}

/** RFC 5280 section 4.2.1.3: a certificate without a key usage extension may be used for anything. */
async function allowsDigitalSignature(der: Uint8Array, name: string): Promise<boolean> {
  const { AsnConvert } = await import('@peculiar/asn1-schema');
  const { Certificate, id_ce_keyUsage, KeyUsage, KeyUsageFlags } = await import('@peculiar/asn1-x509');
  try {
    const { extensions } = AsnConvert.parse(der, Certificate).tbsCertificate;
    const extension = extensions?.find(({ extnID }) => extnID === id_ce_keyUsage);
    if (extension === undefined) return true;
    return (
      (AsnConvert.parse(extension.extnValue, KeyUsage).toNumber() & KeyUsageFlags.digitalSignature) !== 0
    );
  } catch (cause) {
    throw new TrustError('unreadable-certificate', `certificate ${name}: its extensions cannot be read`, {
      cause,
    });
  }
}
