import { bytesOf } from '../base/byte-string.ts';
import type { ImageFinding } from '../image/image-finding.ts';
import { certificateWarnings } from './certificate-warnings.ts';
import { TrustError } from './error.ts';
import { trustChains } from './find-signer.ts';
import { equal, isNamedBy, type ParsedCertificate, parseCertificate } from './pkcs7/parsed-certificate.ts';
import { readSignedData, type SignedData, type SignerInfo } from './pkcs7/signed-data.ts';
import { isUnknownToKernel, verifySigner } from './pkcs7/verify-signer.ts';
import { NO_REVOCATIONS, revocationOf } from './revocations.ts';
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
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** `exact`: it is the signer's own; `chain`: its holder issued the signer's, perhaps over others. */
  readonly how: 'exact' | 'chain';
}

/** What was found of a signature. */
export interface SignatureVerdict {
  /** Who signed; undefined if no certificate of the signer is known. */
  readonly signer: SignerIdentity | undefined;
  readonly acceptedBy: AcceptedBy | undefined;
  /** The signature is refused if any is an error. */
  readonly findings: readonly ImageFinding<SignatureCode | TrustStoreCode>[];
}

/**
 * Verifies the detached signature of a root hash: that it is made with the signer's key, and that the signer is trusted and
 * not revoked. With several signers, each signature must be right, and one signer trusted.
 */
export async function verifySignature(request: SignatureRequest): Promise<SignatureVerdict> {
  const { trusted } = request;
  const stores = trusted?.findings ?? [];
  let signed: SignedData;
  try {
    signed = await readSignedData(request.signature);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    const malformed = signatureFinding('signature-malformed', 'error', error.message);
    return { signer: undefined, acceptedBy: undefined, findings: [malformed, ...stores] };
  }
  const { certificates, findings } = await readCertificates(signed);
  const verdicts = await Promise.all(
    signed.signers.map((signer) => verifyOne(signer, certificates, request)),
  );
  const wrong = verdicts.find(({ isRight }) => !isRight);
  const best = wrong ?? verdicts.find(({ acceptedBy }) => acceptedBy !== undefined) ?? verdicts[0]!;
  const { digests } = trusted?.revocations ?? NO_REVOCATIONS;
  const revoked = digests.has(request.rootHash)
    ? [signatureFinding('root-hash-revoked', 'error', 'the root hash of the image is in dbx')]
    : [];
  return {
    signer: best.signer,
    acceptedBy: best.acceptedBy,
    findings: [...best.findings, ...revoked, ...findings, ...stores],
  };
}

/** Who signed, by the certificates that came with a signature. Nothing is verified. Throws a TrustError. */
export async function describeSigners(signature: Uint8Array): Promise<SignerIdentity[]> {
  const signed = await readSignedData(signature);
  const { certificates } = await readCertificates(signed);
  return signed.signers.flatMap(({ signerId }) =>
    certificates
      .filter((certificate) => isNamedBy(signerId, certificate))
      .slice(0, 1)
      .map(signerIdentity),
  );
}

/** The certificates in a signature. One that cannot be read is no harm, as long as nobody needs it. */
async function readCertificates(signed: SignedData): Promise<{
  certificates: ParsedCertificate[];
  findings: ImageFinding<SignatureCode>[];
}> {
  const certificates: ParsedCertificate[] = [];
  const findings: ImageFinding<SignatureCode>[] = [];
  for (const [index, der] of signed.certificates.entries()) {
    if (certificates.some(({ x509 }) => equal(x509.raw, der))) continue;
    try {
      certificates.push(await parseCertificate(der, `certificate ${index} of the signature`));
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      findings.push(signatureFinding('certificate-ignored', 'warning', error.message));
    }
  }
  return { certificates, findings };
}

interface OneVerdict extends SignatureVerdict {
  /** Whether the signature is made with the signer's key, as far as that is known. */
  readonly isRight: boolean;
}

async function verifyOne(
  signer: SignerInfo,
  embedded: readonly ParsedCertificate[],
  { rootHash, trusted, checkExpiry, now }: SignatureRequest,
): Promise<OneVerdict> {
  const own = embedded.find((certificate) => isNamedBy(signer.signerId, certificate));
  const chains = trusted === undefined ? [] : trustChains(signer, embedded, trusted.certificates);
  const holders = chains.map(({ certificates }) => certificates[0]!);
  const candidates = [...new Set(own === undefined ? holders : [...holders, own])];
  const refuse = (isRight: boolean, finding: ImageFinding<SignatureCode>, holder = own): OneVerdict => ({
    isRight,
    signer: holder && signerIdentity(holder),
    acceptedBy: undefined,
    findings: [finding],
  });
  if (candidates.length === 0) {
    return trusted === undefined
      ? refuse(
          false,
          signatureFinding(
            'signer-certificate-missing',
            'error',
            'the signature does not bring the certificate of its signer, so it cannot be verified',
            'name the certificate with --certificate',
          ),
        )
      : refuse(true, unknownSigner(undefined));
  }
  const content = bytesOf(rootHash);
  const outcomes = candidates.map((certificate) => verifySigner(signer, content, certificate.x509.publicKey));
  const isRight = (holder: ParsedCertificate): boolean => outcomes[candidates.indexOf(holder)] === 'right';
  if (outcomes.includes('unsupported-digest')) {
    return refuse(
      false,
      signatureFinding(
        'signature-digest-unsupported',
        'error',
        `it is made with a digest (${signer.digestAlgorithm}) that is not trusted`,
      ),
    );
  }
  if (outcomes.includes('unsupported-algorithm')) {
    return refuse(
      false,
      signatureFinding(
        'signature-algorithm-unsupported',
        'error',
        `it is made with an algorithm (${signer.signatureAlgorithm}) that is not verified here`,
      ),
    );
  }
  const first = outcomes.indexOf('right');
  if (first < 0) {
    return refuse(
      false,
      signatureFinding(
        'signature-wrong',
        'error',
        `it is not the signature of the root hash ${rootHash} by the key of its signer`,
      ),
      candidates[0],
    );
  }
  const holder = candidates[first]!;
  const about = [
    ...(await certificateFindings(holder, checkExpiry, now)),
    ...(isUnknownToKernel(signer)
      ? [
          signatureFinding(
            'kernel-cannot-verify',
            'warning',
            'it is made with RSA-PSS, which Linux does not verify',
          ),
        ]
      : []),
  ];
  if (trusted === undefined) {
    return { isRight: true, signer: signerIdentity(holder), acceptedBy: undefined, findings: about };
  }
  let revoked: ImageFinding<SignatureCode> | undefined;
  for (const chain of chains) {
    if (!isRight(chain.certificates[0]!)) continue;
    const reasons = chain.certificates.flatMap((certificate) => {
      const reason = revocationOf(certificate, trusted.revocations);
      return reason === undefined ? [] : [`${signerIdentity(certificate).subject}: ${reason}`];
    });
    if (reasons.length > 0) {
      revoked ??= signatureFinding('signer-revoked', 'error', `the signer is revoked: ${reasons[0]}`);
      continue;
    }
    const { store, source, certificate } = chain.trusted;
    return {
      isRight: true,
      signer: signerIdentity(chain.certificates[0]!),
      acceptedBy: {
        store,
        source,
        fingerprint: fingerprintOf(certificate.x509),
        how: chain.certificates.length === 1 ? 'exact' : 'chain',
      },
      findings: about,
    };
  }
  return refuse(true, revoked ?? unknownSigner(holder), holder);
}

function unknownSigner(holder: ParsedCertificate | undefined): ImageFinding<SignatureCode> {
  if (holder === undefined) {
    return signatureFinding(
      'signer-unknown',
      'error',
      'the signer is none of those who are trusted, and the signature does not bring the certificate',
      'name the certificate of the signer with --certificate, if you trust it',
    );
  }
  const { subject, fingerprint } = signerIdentity(holder);
  return signatureFinding(
    'signer-unknown',
    'error',
    `the signer is none of those who are trusted: ${subject} (SHA-256 ${fingerprint})`,
    'if you trust it: put its certificate into /etc/verity.d, or enrol it in db',
  );
}

/** What is to be said of the signer's certificate: its dates, and what the kernel cannot verify. */
async function certificateFindings(
  { x509 }: ParsedCertificate,
  checkExpiry: boolean,
  now: Date,
): Promise<ImageFinding<SignatureCode>[]> {
  const level = checkExpiry ? 'error' : 'warning';
  const findings: ImageFinding<SignatureCode>[] = [];
  for (const { code, message } of await certificateWarnings(x509, 'of the signer', now)) {
    if (code === 'certificate-expired' || code === 'certificate-not-yet-valid') {
      findings.push(signatureFinding(code, level, message));
    } else if (code === 'certificate-signature-algorithm' || code === 'key-size') {
      findings.push(signatureFinding('kernel-cannot-verify', 'warning', message));
    }
  }
  return findings;
}
