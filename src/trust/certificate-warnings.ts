import type { X509Certificate } from 'node:crypto';
import { TrustError } from './error.ts';
import { KERNEL_RSA_BITS, kernelReadsCertificatesSignedWith } from './kernel-limits.ts';

/** Something about a signing key that works today, and that its owner should know. */
export interface SigningWarning {
  readonly code:
    | 'key-file-permissions'
    | 'certificate-expired'
    | 'certificate-not-yet-valid'
    | 'certificate-key-usage'
    | 'certificate-signature-algorithm'
    | 'key-size';
  /** One sentence without the final full stop. */
  readonly message: string;
  readonly hint: string;
}

/**
 * What stands in a certificate against signing with it now. systemd looks at none of it: neither at dates nor at the
 * key usage nor at who issued the certificate. The kernel minds only the issuer's algorithm and the size of the key.
 *
 * `name` is the file's, for messages. Throws a TrustError `unreadable-certificate` when the certificate is damaged.
 */
export async function certificateWarnings(
  certificate: X509Certificate,
  name: string,
  now: Date,
): Promise<SigningWarning[]> {
  const { signatureAlgorithm, digitalSignature } = await parse(certificate.raw, name);
  const warnings: SigningWarning[] = [];
  const add = (code: SigningWarning['code'], message: string, hint: string) => {
    warnings.push({ code, message: `certificate ${name}: ${message}`, hint });
  };
  if (now > certificate.validToDate) {
    add(
      'certificate-expired',
      `it expired on ${certificate.validToDate.toISOString()}`,
      'systemd and the kernel do not look at the date; a stricter verifier will refuse the image',
    );
  }
  if (now < certificate.validFromDate) {
    add(
      'certificate-not-yet-valid',
      `it is valid only from ${certificate.validFromDate.toISOString()}`,
      "check this machine's clock; systemd and the kernel do not look at the date",
    );
  }
  if (!digitalSignature) {
    add(
      'certificate-key-usage',
      'its key usage does not include digital signatures',
      'systemd and the kernel do not look at the key usage; a stricter verifier will refuse the image',
    );
  }
  if (!kernelReadsCertificatesSignedWith(signatureAlgorithm)) {
    add(
      'certificate-signature-algorithm',
      `its issuer signed it with an algorithm (${signatureAlgorithm}) that the kernel may be unable to read`,
      'a kernel that must verify the image then refuses it; take a self-signed certificate for the same key',
    );
  }
  const modulusLength = rsaBits(certificate, name);
  if (modulusLength !== undefined && !KERNEL_RSA_BITS.has(modulusLength)) {
    add(
      'key-size',
      `its RSA key has ${modulusLength} bits, a size that the kernel does not verify`,
      'a kernel that must verify the image refuses it; use a key of 2048, 3072 or 4096 bits',
    );
  }
  return warnings;
}

/** Undefined for other keys. */
function rsaBits(certificate: X509Certificate, name: string): number | undefined {
  try {
    return certificate.publicKey.asymmetricKeyDetails?.modulusLength;
  } catch (cause) {
    // It is decoded only when it is asked for.
    throw new TrustError('unreadable-certificate', `certificate ${name}: its public key cannot be read`, {
      cause,
    });
  }
}

/** What node:crypto does not tell of a certificate. */
async function parse(
  der: Uint8Array,
  name: string,
): Promise<{ signatureAlgorithm: string; digitalSignature: boolean }> {
  const { AsnConvert } = await import('@peculiar/asn1-schema');
  const { Certificate, id_ce_keyUsage, KeyUsage, KeyUsageFlags } = await import('@peculiar/asn1-x509');
  try {
    const { signatureAlgorithm, tbsCertificate } = AsnConvert.parse(der, Certificate);
    const usage = tbsCertificate.extensions?.find(({ extnID }) => extnID === id_ce_keyUsage);
    return {
      signatureAlgorithm: signatureAlgorithm.algorithm,
      // RFC 5280, section 4.2.1.3: a certificate without a key usage may be used for anything.
      digitalSignature:
        usage === undefined ||
        (AsnConvert.parse(usage.extnValue, KeyUsage).toNumber() & KeyUsageFlags.digitalSignature) !== 0,
    };
  } catch (cause) {
    throw new TrustError('unreadable-certificate', `certificate ${name}: its fields cannot be read`, {
      cause,
    });
  }
}
