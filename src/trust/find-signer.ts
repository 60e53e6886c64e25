import { equal, isIssuedBy, isNamedBy, type ParsedCertificate } from './pkcs7/parsed-certificate.ts';
import type { SignerInfo } from './pkcs7/signed-data.ts';
import type { TrustedCertificate } from './trusted-keys.ts';

/** Certificates from the signer's to the trusted one. */
const CHAIN_MAX = 8;

/** A way from a signer to a trusted certificate. */
export interface TrustChain {
  /** The signer's certificate first. */
  readonly certificates: readonly ParsedCertificate[];
  readonly trusted: TrustedCertificate;
}

/**
 * Finds whom a signer is trusted by: the certificate itself is trusted, or, for the keys of the firmware, one that issued it
 * over certificates that came with the signature. Every way is given, the shortest first, since some may be revoked.
 *
 * Whoever is found here has not signed anything yet: that is for `verifySigner` with the first certificate's key. Issuers
 * need not be marked as authorities, which the kernel does not ask for, either.
 */
export function trustChains(
  signer: SignerInfo,
  embedded: readonly ParsedCertificate[],
  trusted: readonly TrustedCertificate[],
): TrustChain[] {
  const own = trusted.filter(({ certificate }) => isNamedBy(signer.signerId, certificate));
  const chains: TrustChain[] = own.map((one) => ({ certificates: [one.certificate], trusted: one }));
  const anchors = trusted.filter(({ isAnchor }) => isAnchor);
  let paths = embedded
    .filter((certificate) => isNamedBy(signer.signerId, certificate))
    .map((certificate) => [certificate]);
  for (let length = 1; length < CHAIN_MAX && paths.length > 0; length++) {
    const longer: ParsedCertificate[][] = [];
    for (const path of paths) {
      const last = path.at(-1)!;
      for (const anchor of anchors) {
        if (equal(last.x509.raw, anchor.certificate.x509.raw)) {
          if (path.length > 1) chains.push({ certificates: path, trusted: anchor });
        } else if (isIssuedBy(last, anchor.certificate)) {
          chains.push({ certificates: [...path, anchor.certificate], trusted: anchor });
        }
      }
      for (const next of embedded) {
        if (!path.includes(next) && isIssuedBy(last, next)) longer.push([...path, next]);
      }
    }
    // A signature that was made to deceive can have very many ways; an honest one has one or two.
    paths = longer.slice(0, CHAIN_MAX);
  }
  return chains;
}
