import type { Guid } from '../image/guid.ts';
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
  /** For a variable of the firmware, the GUID of who put the certificate there. Nobody vouches for it. */
  readonly owner?: Guid;
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
  /** What somebody does who trusts another signer, as the end of a hint: `put its certificate into …`. The usual places if absent. */
  readonly howToTrust?: string;
}

/** What can be wrong with the places that trusted certificates come from. */
export type TrustStoreCode =
  /** A certificate file that holds none; systemd passes it over, too. */
  | 'certificate-unreadable'
  /** A variable of the firmware that cannot be read; the others still count. */
  | 'variable-unreadable'
  /** A variable of the firmware holds entries that nothing is done with, such as digests of programs. */
  | 'entries-ignored'
  /** dbx cannot be read, so that nobody knows who is revoked: every signature is refused. */
  | 'revocations-unreadable'
  /** There is no trusted certificate at all. */
  | 'no-trusted-certificate';
