import type { ByteString } from '../base/byte-string.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import type { Profile } from '../node/store/layout.ts';

/** An extension that a profile of this boot has. */
export interface Candidate {
  readonly kind: ExtensionKind;
  readonly profile: Profile;
  /** Its name in the profile. */
  readonly entry: ByteString;
  /** The file in the store that is the image; the same as {@link entry} where that is itself the image. */
  readonly image: ByteString;
  /** Whether the image is in the profile's own directory instead of the store's. */
  readonly isInProfile: boolean;
  /** The extension's name, as every version of systemd sees it by {@link link}. */
  readonly name: ByteString;
  /** The name of the link that shows it to systemd. */
  readonly link: ByteString;
  /** Bytes of the image. */
  readonly size: number;
}

/** Why an extension is left out. */
export interface Refusal {
  /** Stable. */
  readonly code: string;
  /** A sentence without the final full stop. */
  readonly reason: string;
  /** What can be done about it. */
  readonly hint: string | undefined;
}
