import type { Signer } from '../../../image/signature/signer.ts';

/** Object identifiers: RFC 5754 (SHA-256, ecdsa-with-SHA256), RFC 8017 (rsaEncryption), RFC 5652 (data). */
const SHA256 = '2.16.840.1.101.3.4.2.1';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const DATA = '1.2.840.113549.1.7.1';

/**
 * A DER SignedData (PKCS#7 1.5) over `content`, which is not part of it, with the signer's certificate and no
 * signed attributes.
 *
 * It stands alone, without the ContentInfo around it: so UEFI 2.10, section 8.2.2, has it, and older firmware
 * reads nothing else, since it looks for the digest algorithm at a fixed offset.
 */
export async function detachedSignedData(content: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const { AsnConvert, OctetString } = await import('@peculiar/asn1-schema');
  const { Certificate } = await import('@peculiar/asn1-x509');
  const cms = await import('@peculiar/asn1-cms');

  const certificate = AsnConvert.parse(signer.certificate, Certificate);
  const { issuer, serialNumber } = certificate.tbsCertificate;
  const digestAlgorithm = new cms.DigestAlgorithmIdentifier({ algorithm: SHA256, parameters: null });
  const signerInfo = new cms.SignerInfo({
    version: cms.CMSVersion.v1,
    sid: new cms.SignerIdentifier({
      issuerAndSerialNumber: new cms.IssuerAndSerialNumber({ issuer, serialNumber }),
    }),
    digestAlgorithm,
    signatureAlgorithm: new cms.SignatureAlgorithmIdentifier(
      signer.keyType === 'rsa'
        ? { algorithm: RSA_ENCRYPTION, parameters: null }
        : { algorithm: ECDSA_WITH_SHA256 },
    ),
    signature: new OctetString(await signer.sign(content)),
  });
  const signedData = new cms.SignedData({
    version: cms.CMSVersion.v1,
    digestAlgorithms: new cms.DigestAlgorithmIdentifiers([digestAlgorithm]),
    encapContentInfo: new cms.EncapsulatedContentInfo({ eContentType: DATA }),
    certificates: new cms.CertificateSet([new cms.CertificateChoices({ certificate })]),
    signerInfos: new cms.SignerInfos([signerInfo]),
  });
  return new Uint8Array(AsnConvert.serialize(signedData));
}
