import { isStrongLink } from './kernel-limits.ts';
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

/** Those of the certificates in a signature that issued a certificate. */
export type FindIssuers = (certificate: ParsedCertificate) => readonly ParsedCertificate[];

/** Finds issuers among certificates, verifying each signature once however often it is asked for. */
export function findIssuersAmong(embedded: readonly ParsedCertificate[]): FindIssuers {
  const known = new Map<ParsedCertificate, readonly ParsedCertificate[]>();
  return (certificate) => {
    const found =
      known.get(certificate) ??
      embedded.filter(
        (issuer) => !equal(issuer.x509.raw, certificate.x509.raw) && isIssuedBy(certificate, issuer),
      );
    known.set(certificate, found);
    return found;
  };
}

/** A certificate with everyone who issued it, who issued those, and so on, as far as the signature brings them. */
export function withAncestors(certificate: ParsedCertificate, findIssuers: FindIssuers): ParsedCertificate[] {
  // Grows while it is gone through: a Set gives what is added behind, and everything once.
  const found = new Set([certificate]);
  for (const one of found) for (const issuer of findIssuers(one)) found.add(issuer);
  return [...found];
}

/**
 * Finds whom a signer is trusted by: the certificate itself is trusted, or, for the keys of the firmware, one that issued it
 * over certificates that came with the signature. Every way is given, the shortest first, since some may be revoked.
 *
 * Whoever is found here has not signed anything yet: that is for `verifySigner` with the first certificate's key. Issuers
 * need not be marked as authorities, which the kernel does not ask for, either. A signer named by its key identifier is found
 * for the keys of the firmware only, since systemd cannot read such signatures.
 */
export function trustChains(
  signer: SignerInfo,
  embedded: readonly ParsedCertificate[],
  findIssuers: FindIssuers,
  trusted: readonly TrustedCertificate[],
): TrustChain[] {
  const own = trusted.filter(
    ({ certificate, isAnchor }) =>
      isNamedBy(signer.signerId, certificate) && (isAnchor || signer.signerId.by === 'issuer'),
  );
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
        } else if (isStrongLink(last.signatureAlgorithm) && isIssuedBy(last, anchor.certificate)) {
          chains.push({ certificates: [...path, anchor.certificate], trusted: anchor });
        }
      }
      if (!isStrongLink(last.signatureAlgorithm)) continue;
      for (const next of findIssuers(last)) if (!path.includes(next)) longer.push([...path, next]);
    }
    // A signature that was made to deceive can have very many ways; an honest one has one or two.
    paths = longer.slice(0, CHAIN_MAX);
  }
  return chains;
}
