import { ImageError } from '../error.ts';
import type { Signer } from './signer.ts';

/** Object identifiers: RFC 5652 section 4, RFC 8017 appendix C, RFC 5754 section 3.2. */
const SHA256_OID = '2.16.840.1.101.3.4.2.1';
const RSA_ENCRYPTION_OID = '1.2.840.113549.1.1.1';
const ECDSA_WITH_SHA256_OID = '1.2.840.10045.4.3.2';
const DATA_OID = '1.2.840.113549.1.7.1';
const SIGNED_DATA_OID = '1.2.840.113549.1.7.2';

/** DER of NULL, which algorithms with no parameters have in place of them, except those of ECDSA. */
const NULL_PARAMETERS = Uint8Array.of(0x05, 0x00).buffer;

/**
 * Signs `content` and returns a detached PKCS#7 signature (RFC 2315, RFC 5652), DER: the certificate, one signer by
 * issuer and serial number, no attributes. It is what OpenSSL's PKCS7_sign makes with the flags DETACHED, NOATTR and
 * BINARY, as systemd-repart calls it, byte for byte where the signature itself is deterministic (RSA).
 *
 * @throws ImageError ('unrepresentable') for a certificate that is not in DER.
 */
export async function signDetached(content: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const [{ AsnConvert, OctetString }, { AlgorithmIdentifier, Certificate }, cms] = await Promise.all([
    import('@peculiar/asn1-schema'),
    import('@peculiar/asn1-x509'),
    import('@peculiar/asn1-cms'),
  ]);
  const certificate = AsnConvert.parse(signer.certificate, Certificate);
  // Verifiers compare issuer and serial number byte for byte, so what is encoded here must be what was decoded.
  if (!equal(new Uint8Array(AsnConvert.serialize(certificate)), signer.certificate)) {
    throw new ImageError('unrepresentable', 'certificate: it is not encoded as DER prescribes', {
      hint: 'issue the certificate again with a tool that writes DER, such as openssl',
    });
  }
  const sha256 = new AlgorithmIdentifier({ algorithm: SHA256_OID, parameters: NULL_PARAMETERS });
  const signedData = new cms.SignedData({
    version: cms.CMSVersion.v1,
    digestAlgorithms: new cms.DigestAlgorithmIdentifiers([sha256]),
    encapContentInfo: new cms.EncapsulatedContentInfo({ eContentType: DATA_OID }),
    certificates: new cms.CertificateSet([new cms.CertificateChoices({ certificate })]),
    signerInfos: new cms.SignerInfos([
      new cms.SignerInfo({
        version: cms.CMSVersion.v1,
        sid: new cms.SignerIdentifier({
          issuerAndSerialNumber: new cms.IssuerAndSerialNumber({
            issuer: certificate.tbsCertificate.issuer,
            serialNumber: certificate.tbsCertificate.serialNumber,
          }),
        }),
        digestAlgorithm: sha256,
        signatureAlgorithm:
          signer.keyType === 'rsa'
            ? new AlgorithmIdentifier({ algorithm: RSA_ENCRYPTION_OID, parameters: NULL_PARAMETERS })
            : new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256_OID }),
        signature: new OctetString(await signer.sign(content)),
      }),
    ]),
  });
  return new Uint8Array(
    AsnConvert.serialize(
      new cms.ContentInfo({ contentType: SIGNED_DATA_OID, content: AsnConvert.serialize(signedData) }),
    ),
  );
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
