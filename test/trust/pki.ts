import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto';
import * as cms from '@peculiar/asn1-cms';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import * as x509 from '@peculiar/asn1-x509';
import { type ParsedCertificate, parseCertificate } from '../../src/trust/pkcs7/parsed-certificate.ts';
import { NO_REVOCATIONS, type Revocations } from '../../src/trust/revocations.ts';
import type { TrustedCertificate, TrustedKeys, TrustStore } from '../../src/trust/trusted-keys.ts';

/** What the signatures are of. */
export const ROOT_HASH = '0123456789abcdef'.repeat(4);
export const NOW = new Date('2027-01-01T00:00:00Z');

const NULL = Uint8Array.of(0x05, 0x00).buffer;
const DATA = '1.2.840.113549.1.7.1';
/** By digest: its own identifier, and those of RSA and ECDSA with it. */
export const ALGORITHMS = {
  sha1: ['1.3.14.3.2.26', '1.2.840.113549.1.1.5', '1.2.840.10045.4.1'],
  sha224: ['2.16.840.1.101.3.4.2.4', '1.2.840.113549.1.1.14', '1.2.840.10045.4.3.1'],
  sha256: ['2.16.840.1.101.3.4.2.1', '1.2.840.113549.1.1.11', '1.2.840.10045.4.3.2'],
  sha384: ['2.16.840.1.101.3.4.2.2', '1.2.840.113549.1.1.12', '1.2.840.10045.4.3.3'],
  sha512: ['2.16.840.1.101.3.4.2.3', '1.2.840.113549.1.1.13', '1.2.840.10045.4.3.4'],
} as const;
export type Digest = keyof typeof ALGORITHMS;
export const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';

/** A private key with a certificate for it. */
export interface Identity {
  readonly key: KeyObject;
  readonly certificate: Uint8Array;
}

/** What a certificate says where it is not the usual. */
export interface CertificateOptions {
  readonly issuer?: Identity;
  readonly key?: KeyObject;
  readonly serial?: number;
  readonly digest?: Digest;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** DER of further content, put into an extension. */
  readonly comment?: Uint8Array;
}

let serial = 1;

export function ecKey(namedCurve = 'P-256'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

export function rsaKey(modulusLength = 2048): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey;
}

function buffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function signatureAlgorithm(key: KeyObject, digest: Digest): x509.AlgorithmIdentifier {
  const [, rsa, ec] = ALGORITHMS[digest];
  return key.asymmetricKeyType === 'rsa'
    ? new x509.AlgorithmIdentifier({ algorithm: rsa, parameters: NULL })
    : new x509.AlgorithmIdentifier({ algorithm: ec });
}

/** Makes a certificate, by itself or by an issuer; with a new key unless one is given. */
export function makeIdentity(commonName: string, options: CertificateOptions = {}): Identity {
  const { issuer, key = ecKey(), digest = 'sha256', comment } = options;
  const name = new x509.Name([
    new x509.RelativeDistinguishedName([
      new x509.AttributeTypeAndValue({
        type: '2.5.4.3',
        value: new x509.AttributeValue({ utf8String: commonName }),
      }),
    ]),
  ]);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const issuerCertificate = issuer && AsnConvert.parse(issuer.certificate, x509.Certificate);
  const signingKey = issuer?.key ?? key;
  const algorithm = signatureAlgorithm(signingKey, digest);
  const extensions = [
    new x509.Extension({
      extnID: x509.id_ce_subjectKeyIdentifier,
      extnValue: new OctetString(
        AsnConvert.serialize(new x509.SubjectKeyIdentifier(createHash('sha1').update(spki).digest())),
      ),
    }),
  ];
  if (comment !== undefined) {
    extensions.push(new x509.Extension({ extnID: '1.2.3.4.5', extnValue: new OctetString(comment) }));
  }
  const tbsCertificate = new x509.TBSCertificate({
    version: 2,
    serialNumber: buffer(
      Uint8Array.of(0x40, (options.serial ?? serial) >> 8, (options.serial ?? serial++) & 0xff),
    ),
    signature: algorithm,
    issuer: issuerCertificate?.tbsCertificate.subject ?? name,
    validity: new x509.Validity({
      notBefore: options.notBefore ?? new Date('2026-01-01T00:00:00Z'),
      notAfter: options.notAfter ?? new Date('2036-01-01T00:00:00Z'),
    }),
    subject: name,
    subjectPublicKeyInfo: AsnConvert.parse(spki, x509.SubjectPublicKeyInfo),
    extensions: new x509.Extensions(extensions),
  });
  const signatureValue = sign(digest, new Uint8Array(AsnConvert.serialize(tbsCertificate)), signingKey);
  const certificate = new x509.Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: buffer(signatureValue),
  });
  return { key, certificate: new Uint8Array(AsnConvert.serialize(certificate)) };
}

/** How a signature is made where it is not the way of systemd-repart. */
export interface SignOptions {
  readonly content?: string;
  readonly digest?: Digest;
  /** Instead of those of the signers. */
  readonly certificates?: readonly Uint8Array[];
  readonly signerId?: 'issuer' | 'key';
  readonly attributes?: boolean;
  readonly signingTime?: Date;
  /** Object identifier in place of the usual. */
  readonly signatureAlgorithm?: string;
  readonly embedContent?: boolean;
}

/** A PKCS#7 signature by some signers. */
export function signPkcs7(signers: readonly Identity[], options: SignOptions = {}): Uint8Array {
  const { content = ROOT_HASH, digest = 'sha256', signerId = 'issuer' } = options;
  const bytes = Buffer.from(content, 'latin1');
  const digestAlgorithm = new x509.AlgorithmIdentifier({
    algorithm: ALGORITHMS[digest][0],
    parameters: NULL,
  });
  const version = signerId === 'key' ? cms.CMSVersion.v3 : cms.CMSVersion.v1;
  const attribute = (attrType: string, value: unknown) =>
    new cms.Attribute({ attrType, attrValues: [AsnConvert.serialize(value)] });
  const attributes =
    options.attributes === true || options.signingTime !== undefined
      ? [
          new cms.Attribute({
            attrType: '1.2.840.113549.1.9.3',
            attrValues: [buffer(Buffer.from('06092a864886f70d010701', 'hex'))],
          }),
          ...(options.signingTime === undefined
            ? []
            : [attribute('1.2.840.113549.1.9.5', new x509.Time(options.signingTime))]),
          attribute('1.2.840.113549.1.9.4', new OctetString(createHash(digest).update(bytes).digest())),
        ]
      : undefined;
  const infos = signers.map(({ key, certificate: der }) => {
    const { tbsCertificate } = AsnConvert.parse(der, x509.Certificate);
    const skid = tbsCertificate.extensions!.find(({ extnID }) => extnID === x509.id_ce_subjectKeyIdentifier)!;
    const isRsa = key.asymmetricKeyType === 'rsa';
    const info = new cms.SignerInfo({
      version,
      sid:
        signerId === 'key'
          ? new cms.SignerIdentifier({
              subjectKeyIdentifier: AsnConvert.parse(skid.extnValue, x509.SubjectKeyIdentifier),
            })
          : new cms.SignerIdentifier({
              issuerAndSerialNumber: new cms.IssuerAndSerialNumber({
                issuer: tbsCertificate.issuer,
                serialNumber: tbsCertificate.serialNumber,
              }),
            }),
      digestAlgorithm,
      signatureAlgorithm: new x509.AlgorithmIdentifier({
        algorithm: options.signatureAlgorithm ?? (isRsa ? RSA_ENCRYPTION : ALGORITHMS[digest][2]),
        ...(isRsa && { parameters: NULL }),
      }),
    });
    let signed: Uint8Array = bytes;
    if (attributes !== undefined) {
      info.signedAttrs = attributes;
      const set = Buffer.concat(attributes.map((one) => Buffer.from(AsnConvert.serialize(one))));
      signed = Buffer.concat([
        Buffer.from(set.length < 128 ? [0x31, set.length] : [0x31, 0x81, set.length]),
        set,
      ]);
    }
    info.signature = new OctetString(sign(digest, signed, key));
    return info;
  });
  const certificates = options.certificates ?? signers.map(({ certificate }) => certificate);
  const signedData = new cms.SignedData({
    version,
    digestAlgorithms: new cms.DigestAlgorithmIdentifiers([digestAlgorithm]),
    encapContentInfo: new cms.EncapsulatedContentInfo({
      eContentType: DATA,
      ...(options.embedContent === true && {
        eContent: new cms.EncapsulatedContent({ single: new OctetString(bytes) }),
      }),
    }),
    signerInfos: new cms.SignerInfos(infos),
    ...(certificates.length > 0 && {
      certificates: new cms.CertificateSet(
        certificates.map(
          (der) => new cms.CertificateChoices({ certificate: AsnConvert.parse(der, x509.Certificate) }),
        ),
      ),
    }),
  });
  const info = new cms.ContentInfo({
    contentType: '1.2.840.113549.1.7.2',
    content: AsnConvert.serialize(signedData),
  });
  return new Uint8Array(AsnConvert.serialize(info));
}

export function parsed({ certificate }: Identity): Promise<ParsedCertificate> {
  return parseCertificate(certificate, 'test');
}

/** Trusts some identities: `file` and `verity.d` exactly, the variables of the firmware as anchors. */
export async function trust(
  places: Partial<Record<TrustStore, readonly Identity[]>>,
  revocations: Partial<Revocations> = {},
): Promise<TrustedKeys> {
  const certificates: TrustedCertificate[] = [];
  for (const [store, identities] of Object.entries(places) as [TrustStore, readonly Identity[]][]) {
    for (const [index, identity] of identities.entries()) {
      certificates.push({
        certificate: await parsed(identity),
        store,
        source: `${store}[${index}]`,
        isAnchor: store !== 'file' && store !== 'verity.d',
      });
    }
  }
  return { certificates, revocations: { ...NO_REVOCATIONS, ...revocations }, findings: [] };
}

/** SHA-256 of a certificate, lower-case hexadecimal. */
export function fingerprint({ certificate }: Identity): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
}
