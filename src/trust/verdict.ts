import type { ImageFinding, ImageLayer } from '../image/image-finding.ts';
import type { SignerIdentity } from './signer-identity.ts';
import type { AcceptedBy } from './verify-signature.ts';

/** What was found of an image, and whether it may be used. */
export interface Verdict {
  /** False if any finding is an error. */
  readonly accepted: boolean;
  /** The extension's name, from the image's file name or the release file in it; undefined if neither tells. */
  readonly name: string | undefined;
  readonly class: 'sysext' | 'confext' | undefined;
  /** Of the hash tree, lower-case hexadecimal; undefined for an image without one. */
  readonly rootHash: string | undefined;
  /** Who signed the root hash; undefined for an image without a readable signature. */
  readonly signer: SignerIdentity | undefined;
  /** Which trusted certificate accepted the signature, and where it is from. */
  readonly acceptedBy: AcceptedBy | undefined;
  /** The layers that were looked at, from the outside in. What lies under a layer at fault is not. */
  readonly checked: readonly ImageLayer[];
  readonly findings: readonly ImageFinding[];
}
