import type { ImageFinding } from '../image/image-finding.ts';
import type { ParsedCertificate } from './pkcs7/parsed-certificate.ts';
import type { Revocations } from './revocations.ts';

/** Where trusted certificates come from. */
export type TrustStore = 'file' | 'verity.d' | 'PK' | 'KEK' | 'db';

/** A certificate whose holder may sign images. */
export interface TrustedCertificate {
  readonly certificate: ParsedCertificate;
  readonly store: TrustStore;
  /** The file or variable that it is in, and its place where there are several, as text for display. */
  readonly source: string;
  /**
   * Whether those that it issued may sign, too. The kernel follows chains up to the keys of the firmware; systemd takes
   * the certificates of verity.d only for themselves.
   */
  readonly isAnchor: boolean;
}

/** Whose signatures are accepted, and whose no longer. */
export interface TrustedKeys {
  readonly certificates: readonly TrustedCertificate[];
  readonly revocations: Revocations;
  /** What was wrong with the places that they come from. */
  readonly findings: readonly ImageFinding<TrustStoreCode>[];
}

/** What can be wrong with the places that trusted certificates come from. */
export type TrustStoreCode =
  /** A certificate file that holds none; systemd passes it over, too. */
  | 'certificate-unreadable'
  /** A variable of the firmware that cannot be read; the others still count. */
  | 'variable-unreadable'
  /** dbx cannot be read, so that nobody knows who is revoked: every signature is refused. */
  | 'revocations-unreadable'
  /** There is no trusted certificate at all. */
  | 'no-trusted-certificate';
