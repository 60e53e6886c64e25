import type { ImageFinding } from '../image/image-finding.ts';
import { TrustError } from './error.ts';
import { findIssuersAmong } from './find-signer.ts';
import { judgeSigner, type SignerJudgement } from './judge-signer.ts';
import { equal, isNamedBy, type ParsedCertificate, parseCertificate } from './pkcs7/parsed-certificate.ts';
import { readSignedData, type SignedData } from './pkcs7/signed-data.ts';
import { NO_REVOCATIONS } from './revocations.ts';
import { type SignatureCode, signatureFinding } from './signature-findings.ts';
import { fingerprintOf, type SignerIdentity, signerIdentity } from './signer-identity.ts';
import type { TrustedKeys, TrustStore, TrustStoreCode } from './trusted-keys.ts';

/** What a signature is held against. */
export interface SignatureRequest {
  /** The detached PKCS#7 signature, DER. */
  readonly signature: Uint8Array;
  /** What must be signed: the root hash of the hash tree, lower-case hexadecimal. */
  readonly rootHash: string;
  /** Undefined: anybody's will do, if it is right by the certificate that came with it. */
  readonly trusted: TrustedKeys | undefined;
  /** Whether an expired certificate is an error, which it is neither for systemd nor for the kernel. */
  readonly checkExpiry: boolean;
  readonly now: Date;
}

/** The trusted certificate by which a signature was accepted. */
export interface AcceptedBy {
  readonly store: TrustStore;
  /** The file or variable, as text for display. */
  readonly source: string;
  /** For a variable of the firmware, the GUID of who put the certificate there. Nobody vouches for it. */
  readonly owner?: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** `exact`: it is the signer's own; `chain`: its holder issued the signer's, perhaps over others. */
  readonly how: 'exact' | 'chain';
}

/** What was found of a signature. */
export interface SignatureVerdict {
  /** Who signed; undefined if no certificate of the signer is known. */
  readonly signer: SignerIdentity | undefined;
  /** Undefined where the signature is refused, and where nobody was asked for. */
  readonly acceptedBy: AcceptedBy | undefined;
  /** The signature is refused if any is an error. */
  readonly findings: readonly ImageFinding<SignatureCode | TrustStoreCode>[];
}

/**
 * Verifies the detached signature of a root hash: that it is made with the signer's key, and that the signer is trusted and
 * not revoked. With several signers each signature must be right, and all signers be trusted, as systemd has it, or one
 * of them by the firmware's keys, as the kernel has it.
 */
export async function verifySignature(request: SignatureRequest): Promise<SignatureVerdict> {
  const { trusted } = request;
  const stores = trusted?.findings ?? [];
  let signed: SignedData;
  let certificates: ParsedCertificate[];
  try {
    signed = await readSignedData(request.signature);
    // Neither OpenSSL nor the kernel takes a signature with a certificate that cannot be read, needed or not.
    certificates = await readCertificates(signed);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    const malformed = signatureFinding('signature-malformed', 'error', error.message);
    return { signer: undefined, acceptedBy: undefined, findings: [malformed, ...stores] };
  }
  const findIssuers = findIssuersAmong(certificates);
  const judgements = signed.signers.map((signer) => judgeSigner(signer, certificates, findIssuers, request));
  const { best, others } = choose(judgements);
  const { digests } = trusted?.revocations ?? NO_REVOCATIONS;
  const revoked = digests.has(request.rootHash)
    ? [signatureFinding('root-hash-revoked', 'error', 'the root hash of the image is in dbx')]
    : [];
  const findings = [...best.findings, ...others, ...revoked, ...stores];
  return {
    signer: best.certificate && signerIdentity(best.certificate),
    acceptedBy: findings.some(({ level }) => level === 'error') ? undefined : acceptedBy(best),
    findings,
  };
}

/** Who signed, by the certificates that came with a signature. Nothing is verified. Throws a TrustError. */
export async function describeSigners(signature: Uint8Array): Promise<SignerIdentity[]> {
  const signed = await readSignedData(signature);
  const certificates = await readCertificates(signed);
  return signed.signers.flatMap(({ signerId }) =>
    certificates
      .filter((certificate) => isNamedBy(signerId, certificate))
      .slice(0, 1)
      .map(signerIdentity),
  );
}

/** The signer whose judgement is that of the whole signature, and what is to be said of the others. */
function choose(judgements: readonly SignerJudgement[]): {
  best: SignerJudgement;
  others: ImageFinding<SignatureCode>[];
} {
  const wrong = judgements.find(({ isRight }) => !isRight);
  if (wrong !== undefined) return { best: wrong, others: [] };
  const refused = judgements.find(({ isRefused }) => isRefused);
  if (refused === undefined) return { best: judgements[0]!, others: [] };
  const byFirmware = judgements.find(
    ({ isRefused, chains }) => !isRefused && chains.some(({ trusted }) => trusted.isAnchor),
  );
  if (byFirmware === undefined) return { best: refused, others: [] };
  // Which of its chains is told: the one that the acceptance rests on.
  const chains = byFirmware.chains.filter(({ trusted }) => trusted.isAnchor);
  const others = signatureFinding(
    'systemd-cannot-verify',
    'warning',
    'another signer is not trusted: the kernel is content with one that is, systemd without the kernel is not',
  );
  return { best: { ...byFirmware, chains }, others: [others] };
}

function acceptedBy({ chains: [chain] }: SignerJudgement): AcceptedBy | undefined {
  if (chain === undefined) return undefined;
  const { store, source, owner, certificate } = chain.trusted;
  return {
    store,
    source,
    ...(owner !== undefined && { owner }),
    fingerprint: fingerprintOf(certificate.x509),
    how: chain.certificates.length === 1 ? 'exact' : 'chain',
  };
}

/** The certificates in a signature, each once. Throws a TrustError where one cannot be read. */
async function readCertificates(signed: SignedData): Promise<ParsedCertificate[]> {
  const certificates: ParsedCertificate[] = [];
  for (const [index, der] of signed.certificates.entries()) {
    if (certificates.some(({ x509 }) => equal(x509.raw, der))) continue;
    certificates.push(await parseCertificate(der, `certificate ${index} of the signature`));
  }
  return certificates;
}
