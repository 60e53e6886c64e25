import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';

/** Object identifiers: RFC 4519 (commonName), RFC 8017 (sha256WithRSAEncryption). */
const COMMON_NAME = '2.5.4.3';
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';

/** X.509's INTEGER for version 3. */
const VERSION_3 = 2;

/** What a certificate says. */
export interface CertificateFields {
  /** 1 to 64 characters: RFC 5280, ub-common-name. */
  readonly commonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * A self-signed X.509 certificate for an RSA key, DER: for signing, not for issuing other certificates.
 *
 * Firmware, the kernel and systemd take it as it is, without a chain. Its serial number follows from the key, so
 * that the same key, name and dates give the same bytes.
 */
export async function selfSignedCertificate(key: KeyObject, fields: CertificateFields): Promise<Uint8Array> {
  const { AsnConvert, OctetString } = await import('@peculiar/asn1-schema');
  const x509 = await import('@peculiar/asn1-x509');

  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const subjectPublicKeyInfo = AsnConvert.parse(publicKey, x509.SubjectPublicKeyInfo);
  const extension = (extnID: string, critical: boolean, value: unknown) =>
    new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
  const digest = createHash('sha256').update(publicKey).digest();
  const name = new x509.Name([
    new x509.RelativeDistinguishedName([
      new x509.AttributeTypeAndValue({
        type: COMMON_NAME,
        value: new x509.AttributeValue({ utf8String: fields.commonName }),
      }),
    ]),
  ]);
  const signatureAlgorithm = new x509.AlgorithmIdentifier({ algorithm: SHA256_WITH_RSA, parameters: null });
  const tbsCertificate = new x509.TBSCertificate({
    version: VERSION_3,
    serialNumber: serialNumber(digest),
    signature: signatureAlgorithm,
    issuer: name,
    validity: new x509.Validity({ notBefore: fields.notBefore, notAfter: fields.notAfter }),
    subject: name,
    subjectPublicKeyInfo,
    extensions: new x509.Extensions([
      extension(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: false })),
      extension(x509.id_ce_keyUsage, true, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature)),
      // Any unique value will do (RFC 5280, section 4.2.1.2): 20 bytes, as many as the SHA-1 that others put here.
      extension(
        x509.id_ce_subjectKeyIdentifier,
        false,
        new x509.SubjectKeyIdentifier(digest.subarray(0, 20)),
      ),
    ]),
  });
  const signatureValue = sign('sha256', new Uint8Array(AsnConvert.serialize(tbsCertificate)), key);
  const certificate = new x509.Certificate({
    tbsCertificate,
    signatureAlgorithm,
    signatureValue: arrayBuffer(signatureValue),
  });
  return new Uint8Array(AsnConvert.serialize(certificate));
}

/** 16 bytes that DER reads as a positive INTEGER of exactly that length. */
function serialNumber(digest: Uint8Array): ArrayBuffer {
  const serial = new Uint8Array(digest.subarray(0, 16));
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  return serial.buffer;
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
