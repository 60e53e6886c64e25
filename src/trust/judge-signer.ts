import { bytesOf } from '../base/byte-string.ts';
import type { ImageFinding } from '../image/image-finding.ts';
import { type FindIssuers, type TrustChain, trustChains, withAncestors } from './find-signer.ts';
import { kernelObjections } from './kernel-limits.ts';
import { keyProblem } from './pkcs7/key-problem.ts';
import { isNamedBy, type ParsedCertificate } from './pkcs7/parsed-certificate.ts';
import type { SignerInfo } from './pkcs7/signed-data.ts';
import { verifySigner } from './pkcs7/verify-signer.ts';
import { revocationOf } from './revocations.ts';
import { type SignatureCode, signatureFinding } from './signature-findings.ts';
import { signerIdentity } from './signer-identity.ts';
import type { TrustedKeys } from './trusted-keys.ts';
import { unknownSigner } from './unknown-signer.ts';

/** What one signer is held against; see `verifySignature`. */
export interface SignerRequest {
  readonly rootHash: string;
  readonly trusted: TrustedKeys | undefined;
  readonly checkExpiry: boolean;
  readonly now: Date;
}

/** What was found of one signer. */
export interface SignerJudgement {
  /** Whether the signature is made with the signer's key; true also where no certificate of the signer is known. */
  readonly isRight: boolean;
  /** Whether any finding is an error. */
  readonly isRefused: boolean;
  /** The signer's. */
  readonly certificate: ParsedCertificate | undefined;
  /** The ways by which the signer is trusted, the best first; none where nobody is asked for, or where it is refused. */
  readonly chains: readonly TrustChain[];
  readonly findings: readonly ImageFinding<SignatureCode>[];
}

/** Judges one signer of a signature: is it the signature of the root hash, and who trusts the signer. */
export function judgeSigner(
  signer: SignerInfo,
  embedded: readonly ParsedCertificate[],
  findIssuers: FindIssuers,
  request: SignerRequest,
): SignerJudgement {
  const { rootHash, trusted } = request;
  const own = embedded.find((certificate) => isNamedBy(signer.signerId, certificate));
  const chains =
    trusted === undefined ? [] : trustChains(signer, embedded, findIssuers, trusted.certificates);
  const candidates = [...chains.map(({ certificates }) => certificates[0]!), ...(own ? [own] : [])];
  if (candidates.length === 0) {
    return trusted === undefined
      ? refused(false, undefined, 'signer-certificate-missing', MISSING)
      : refused(true, undefined, unknownSigner(signer, undefined, findIssuers, trusted));
  }
  const content = bytesOf(rootHash);
  const outcomes = candidates.map((certificate) => verifySigner(signer, content, certificate.x509.publicKey));
  if (outcomes.includes('unsupported-digest')) {
    const message = `it is made with a digest (${signer.digestAlgorithm}) that is not trusted`;
    return refused(false, own, 'signature-digest-unsupported', message);
  }
  if (outcomes.includes('unsupported-algorithm')) {
    const message = `it is made with an algorithm (${signer.signatureAlgorithm}) other than RSA PKCS#1 v1.5 and ECDSA with that digest`;
    return refused(false, own, 'signature-algorithm-unsupported', message);
  }
  const first = outcomes.indexOf('right');
  if (first < 0) {
    const message = `it is not the signature of the root hash ${rootHash} by the key of its signer`;
    return refused(false, candidates[0], 'signature-wrong', message);
  }
  const holder = candidates[first]!;
  if (trusted === undefined) return judge([], [holder]);

  const right = chains.filter((_, index) => outcomes[index] === 'right');
  if (right.length === 0) return refused(true, holder, unknownSigner(signer, holder, findIssuers, trusted));
  let revoked: ImageFinding<SignatureCode> | undefined;
  const accepted = right.filter(({ certificates }) => {
    // Who issued the signer's certificate may be revoked even where nobody trusts the signer for it.
    const concerned = new Set([...certificates, ...withAncestors(certificates[0]!, findIssuers)]);
    for (const certificate of concerned) {
      const reason = revocationOf(certificate, trusted.revocations);
      if (reason === undefined) continue;
      const message = `the signer is revoked: ${signerIdentity(certificate).subject}: ${reason}`;
      revoked ??= signatureFinding('signer-revoked', 'error', message);
      return false;
    }
    return true;
  });
  if (accepted.length === 0) return refused(true, holder, revoked!);
  const { certificates } = accepted[0]!;
  // The trusted certificate of a chain is there because it was enrolled, whatever its dates.
  return judge(accepted, certificates.slice(0, Math.max(1, certificates.length - 1)), certificates);

  function judge(
    ways: readonly TrustChain[],
    dated: readonly ParsedCertificate[],
    keyed: readonly ParsedCertificate[] = dated,
  ): SignerJudgement {
    const findings = [
      ...keyed.flatMap(keyFindings),
      ...dated.flatMap((certificate) => dateFindings(certificate, request)),
      ...kernelObjections({
        signatureAlgorithm: signer.signatureAlgorithm,
        digestAlgorithm: signer.digestAlgorithm,
        signingTime: signer.signedAttributes?.signingTime,
        certificate: dated[0]!.x509,
        certificateAlgorithms: embedded.map(({ signatureAlgorithm }) => signatureAlgorithm),
      }).map((objection) => signatureFinding('kernel-cannot-verify', 'warning', objection)),
      ...(signer.signerId.by === 'key' ? [signatureFinding('systemd-cannot-verify', 'warning', BY_KEY)] : []),
    ];
    const isRefused = findings.some(({ level }) => level === 'error');
    return { isRight: true, isRefused, certificate: dated[0], chains: isRefused ? [] : ways, findings };
  }
}

const BY_KEY =
  'it names its signer by a key identifier, which the kernel looks up among its keys, systemd without the kernel cannot';
const MISSING = 'the signature does not bring the certificate of its signer, so it cannot be verified';

function refused(
  isRight: boolean,
  certificate: ParsedCertificate | undefined,
  finding: ImageFinding<SignatureCode> | SignatureCode,
  message = '',
): SignerJudgement {
  const error = typeof finding === 'string' ? signatureFinding(finding, 'error', message) : finding;
  return { isRight, isRefused: true, certificate, chains: [], findings: [error] };
}

function keyFindings({ x509 }: ParsedCertificate): ImageFinding<SignatureCode>[] {
  const problem = keyProblem(x509);
  return problem === undefined ? [] : [signatureFinding('signer-key-unsupported', 'error', problem)];
}

/** What is to be said of a certificate's dates. */
function dateFindings(
  certificate: ParsedCertificate,
  { checkExpiry, now }: SignerRequest,
): ImageFinding<SignatureCode>[] {
  const { subject, validFrom, validTo } = signerIdentity(certificate);
  const level = checkExpiry ? 'error' : 'warning';
  if (now > certificate.x509.validToDate) {
    const message = `the certificate of ${subject} expired on ${validTo}`;
    return [signatureFinding('certificate-expired', level, message)];
  }
  if (now < certificate.x509.validFromDate) {
    const message = `the certificate of ${subject} is valid only from ${validFrom}`;
    return [signatureFinding('certificate-not-yet-valid', level, message)];
  }
  return [];
}
