import { TrustError } from '../error.ts';
import { derElements, derProblem } from './check-der.ts';

/** Bytes of a signature: the partition it is in has at most 4 MiB, real ones have some thousand bytes. */
const SIGNATURE_MAX = 1024 * 1024;
/** systemd-repart adds one certificate; chains have a few. */
const CERTIFICATES_MAX = 16;
const SIGNERS_MAX = 8;

/** Object identifiers: RFC 5652, sections 4, 5.1, 11.1 and 11.2. */
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const DATA = '1.2.840.113549.1.7.1';
/** {@link DATA} in DER, hexadecimal. */
const DATA_DER = '06092a864886f70d010701';
/** Parameters of an algorithm that has none, if they are there at all. */
const NULL_DER = '0500';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_TIME = '1.2.840.113549.1.9.5';

/** Identifiers in DER: of the certificates and the signed attributes, of a certificate among other choices, of a SET OF. */
const CONTEXT_0_TAG = 0xa0;
const SEQUENCE_TAG = 0x30;
const SET_TAG = 0x31;
/** An element without any in it. */
const EMPTY = Uint8Array.of(SEQUENCE_TAG, 0);

/** A detached signature, taken apart. Nothing of it is verified. */
export interface SignedData {
  /** The certificates that came with it, DER. */
  readonly certificates: readonly Uint8Array[];
  /** At least one. */
  readonly signers: readonly SignerInfo[];
}

/** One signature in it (RFC 5652, section 5.3). */
export interface SignerInfo {
  readonly signerId: SignerId;
  /** Object identifier. */
  readonly digestAlgorithm: string;
  /** Object identifier. */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  /** What is signed instead of the content, where there are such attributes. */
  readonly signedAttributes: SignedAttributes | undefined;
}

/** How the signer's certificate is named. */
export type SignerId =
  /** By its issuer, DER of the name, and its serial number, hexadecimal. */
  | { readonly by: 'issuer'; readonly issuer: Uint8Array; readonly serialNumber: string }
  /** By its subject key identifier. */
  | { readonly by: 'key'; readonly keyIdentifier: Uint8Array };

/** Signed attributes (RFC 5652, section 5.4). */
export interface SignedAttributes {
  /** What the signature is of: the attributes as SET OF, DER. */
  readonly signed: Uint8Array;
  /** Of the content. */
  readonly messageDigest: Uint8Array;
  /** When the signer says to have signed; undefined if it says nothing. */
  readonly signingTime: Date | undefined;
}

/**
 * Takes a detached PKCS#7 signature apart (RFC 5652, RFC 2315).
 *
 * Throws a TrustError `malformed-signature` that says what is wrong: not DER, not a signature of detached data, or more
 * of anything than real ones have.
 */
export async function readSignedData(bytes: Uint8Array): Promise<SignedData> {
  if (bytes.length > SIGNATURE_MAX) malformed(`${bytes.length} bytes are too many`);
  const problem = derProblem(bytes);
  if (problem !== undefined) malformed(`it is not in DER: ${problem}`);
  const [{ AsnConvert, OctetString }, x509, cms] = await Promise.all([
    import('@peculiar/asn1-schema'),
    import('@peculiar/asn1-x509'),
    import('@peculiar/asn1-cms'),
  ]);
  const parse = <T>(part: ArrayBuffer | Uint8Array, type: new () => T, what: string): T => {
    try {
      return AsnConvert.parse(part, type);
    } catch (cause) {
      return malformed(`${what} cannot be read`, cause);
    }
  };
  const serialize = (value: unknown): Uint8Array => new Uint8Array(AsnConvert.serialize(value));

  const info = parse(bytes, cms.ContentInfo, 'its outer layer');
  if (info.contentType !== SIGNED_DATA) malformed(`it is no signed data but ${info.contentType}`);
  const signed = parse(info.content, cms.SignedData, 'the signed data');
  const { eContentType, eContent } = signed.encapContentInfo;
  if (eContentType !== DATA) malformed(`it is a signature of ${eContentType}, not of data`);
  if (eContent !== undefined) malformed('it brings the content along, which must be the root hash alone');

  const { certificates, attributes } = signedParts(bytes);
  if (
    attributes.length !== signed.signerInfos.length ||
    signed.signerInfos.some(
      ({ signedAttrs }, index) => (signedAttrs === undefined) !== (attributes[index] === undefined),
    )
  ) {
    malformed('it is not put together as a signature is');
  }
  if (certificates.length > CERTIFICATES_MAX) malformed(`${certificates.length} certificates are too many`);
  const { length: count } = signed.signerInfos;
  if (count === 0) malformed('nobody signed');
  if (count > SIGNERS_MAX) malformed(`${count} signers are too many`);

  const algorithms = [...signed.signerInfos].flatMap((signer) => [
    signer.digestAlgorithm,
    signer.signatureAlgorithm,
  ]);
  for (const { algorithm, parameters } of [...signed.digestAlgorithms, ...algorithms]) {
    const isNull = parameters === undefined || parameters === null || hex(parameters) === NULL_DER;
    if (!isNull)
      malformed(`the algorithm ${algorithm} has parameters, which neither RSA PKCS#1 v1.5 nor ECDSA has`);
  }
  for (const { version, sid, digestAlgorithm } of signed.signerInfos) {
    // RFC 5652, sections 5.1 and 5.3. The kernel looks at the versions, OpenSSL at the list of digests.
    const expected = sid.subjectKeyIdentifier === undefined ? cms.CMSVersion.v1 : cms.CMSVersion.v3;
    if (version !== expected || signed.version !== expected) {
      malformed(`its versions, ${signed.version} and ${version} of the signer, are not both ${expected}`);
    }
    if (!signed.digestAlgorithms.some(({ algorithm }) => algorithm === digestAlgorithm.algorithm)) {
      malformed('it does not list the digest of the signer');
    }
  }

  const attributesOf = (raw: Uint8Array | undefined): SignedAttributes | undefined => {
    if (raw === undefined) return undefined;
    // Read from the very bytes that the signature is of, so that there is no second opinion on what they say.
    const signedAttrs = derElements(raw).map((one) => parse(one, cms.Attribute, 'a signed attribute'));
    const only = (type: string, name: string): ArrayBuffer => {
      const found = signedAttrs.filter((attribute) => attribute.attrType === type);
      const [value, ...more] = found.flatMap(({ attrValues }) => attrValues);
      if (value === undefined || more.length > 0) return malformed(`it has no single attribute ${name}`);
      return value;
    };
    const contentType = hex(only(CONTENT_TYPE, 'contentType'));
    if (contentType !== DATA_DER) malformed('its attributes are of something else than data');
    const digest = parse(only(MESSAGE_DIGEST, 'messageDigest'), OctetString, 'the messageDigest');
    // What is signed has the tag of a SET OF, not the context tag it has in the signature (RFC 5652, section 5.4).
    const encoded = Uint8Array.from(raw);
    encoded[0] = SET_TAG;
    const [time] = signedAttrs.find(({ attrType }) => attrType === SIGNING_TIME)?.attrValues ?? [];
    return {
      signed: encoded,
      messageDigest: new Uint8Array(digest.buffer),
      signingTime: time && parse(time, x509.Time, 'the signingTime').getTime(),
    };
  };
  const signerIdOf = ({ sid }: InstanceType<typeof cms.SignerInfo>): SignerId => {
    const { issuerAndSerialNumber, subjectKeyIdentifier } = sid;
    if (issuerAndSerialNumber !== undefined) {
      return {
        by: 'issuer',
        issuer: serialize(issuerAndSerialNumber.issuer),
        serialNumber: hex(issuerAndSerialNumber.serialNumber),
      };
    }
    if (subjectKeyIdentifier === undefined) return malformed('it does not name the signer');
    return { by: 'key', keyIdentifier: new Uint8Array(subjectKeyIdentifier.buffer) };
  };
  return {
    certificates,
    signers: [...signed.signerInfos].map((signer, index) => ({
      signerId: signerIdOf(signer),
      digestAlgorithm: signer.digestAlgorithm.algorithm,
      signatureAlgorithm: signer.signatureAlgorithm.algorithm,
      signature: new Uint8Array(signer.signature.buffer),
      signedAttributes: attributesOf(attributes[index]),
    })),
  };
}

/**
 * What of a SignedData in its ContentInfo was signed, byte for byte as it stands there: by who issued the certificates, and
 * by the signers, whose attributes are given in the order of the signers.
 */
function signedParts(contentInfo: Uint8Array): {
  certificates: Uint8Array[];
  attributes: (Uint8Array | undefined)[];
} {
  const [, content] = derElements(contentInfo);
  const [signedData] = derElements(content ?? EMPTY);
  const parts = derElements(signedData ?? EMPTY);
  const certificates = parts.find(([tag]) => tag === CONTEXT_0_TAG) ?? EMPTY;
  // The digest algorithms are a SET, too; the signers come last.
  const signers = parts.at(-1) ?? EMPTY;
  return {
    certificates: derElements(certificates).filter(([tag]) => tag === SEQUENCE_TAG),
    attributes: derElements(signers).map((signer) =>
      derElements(signer).find(([tag]) => tag === CONTEXT_0_TAG),
    ),
  };
}

function hex(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('hex');
}

function malformed(cause: string, underneath?: unknown): never {
  throw new TrustError('malformed-signature', `PKCS#7 signature: ${cause}`, {
    ...(underneath !== undefined && { cause: underneath }),
  });
}
