import type { ByteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';

/** For which boots an extension is enabled. */
export const PROFILES = ['active', 'passive', 'recovery', 'common'] as const;
/** A profile of the store: a directory with links to the images enabled for it. */
export type Profile = (typeof PROFILES)[number];

/** Where the images and the profiles of a class are. */
export function storePath(kind: ExtensionKind): ByteString {
  return `/var/lib/kairos/${kind.name === 'sysext' ? 'extensions' : 'confexts'}`;
}

/** Where links make extensions known to systemd until the next boot. */
export function runPath(kind: ExtensionKind): ByteString {
  return `/run/${kind.name === 'sysext' ? 'extensions' : 'confexts'}`;
}

/** Where the link of an enabled extension leads, so that it works under any root. */
export function profileLinkTarget(fileName: ByteString): ByteString {
  return `../${fileName}`;
}

/** Where the link of a live extension leads: the profile's, by the path that the booted system sees. */
export function runLinkTarget(kind: ExtensionKind, profile: Profile, fileName: ByteString): ByteString {
  return `${storePath(kind)}/${profile}/${fileName}`;
}

/** The file whose lock whoever changes the store has. */
export const LOCK_NAME = '.#lock';
/** Milliseconds to wait for another agent that changes the store: longer than any change takes. */
export const LOCK_WAIT = 30_000;

/** What the names of files begin with that are no images, and that systemd does not look at. */
export const HIDDEN = '.#';

/** The name that an image has from the moment on when it is removed until nothing is left of it. */
export function removedName(fileName: ByteString): ByteString {
  return `${HIDDEN}${fileName}${REMOVED_SUFFIX}`;
}

/** The image that {@link removedName} was made of; undefined for another name. */
export function removedImage(name: ByteString): ByteString | undefined {
  const isRemoved = name.startsWith(HIDDEN) && name.endsWith(REMOVED_SUFFIX);
  return isRemoved ? name.slice(HIDDEN.length, -REMOVED_SUFFIX.length) : undefined;
}

const REMOVED_SUFFIX = '.removed';

/** The name of an image that is being downloaded. */
export function partialName(fileName: ByteString): ByteString {
  return `${HIDDEN}${fileName}${PARTIAL_SUFFIX}`;
}

/** The name of the file that tells where a partial image comes from. */
export function partialRecordName(fileName: ByteString): ByteString {
  return `${HIDDEN}${fileName}${PARTIAL_RECORD_SUFFIX}`;
}

/** What the names of partial images end with. */
export const PARTIAL_SUFFIX = '.part';
/** What the names of their records end with. */
export const PARTIAL_RECORD_SUFFIX = '.from';

/** The name of a link that is not yet in its place. */
export function newLinkName(name: ByteString): ByteString {
  return `${HIDDEN}${name}${NEW_LINK_SUFFIX}`;
}

/** What the names of {@link newLinkName} end with. */
export const NEW_LINK_SUFFIX = '.link';

/** Bytes of an image's name, which leave room for the names made of it. */
export const FILE_NAME_MAX = 240;
