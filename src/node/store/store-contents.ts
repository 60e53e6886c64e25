import type { ByteString } from '../../base/byte-string.ts';
import { extensionNameOf } from '../../image/extension/image-name.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { EntryKind, EntryStatus, Host, HostDirectory } from '../host/host.ts';
import { HIDDEN, PROFILES, type Profile, profileLinkTarget, removedImage, storePath } from './layout.ts';

/** What is in the store of a class. */
export interface StoreContents {
  readonly kind: ExtensionKind;
  /** In the order of the extensions' names. */
  readonly images: readonly StoredImage[];
  /** What is in the store, or in a profile, and was not put there by the agent. */
  readonly strangers: readonly Stranger[];
}

/** An image in the store. */
export interface StoredImage {
  readonly fileName: ByteString;
  readonly status: EntryStatus;
  /** The profiles it is enabled for, in the order of {@link PROFILES}. */
  readonly profiles: readonly Profile[];
}

/** An entry that should not be there. */
export interface Stranger {
  /** Undefined for the store's own directory. */
  readonly profile: Profile | undefined;
  readonly name: ByteString;
  readonly kind: EntryKind;
  /** Where it leads, if it is a link. */
  readonly target: ByteString | undefined;
  readonly problem: /** A link to an image that is not there. */
    | 'dangling'
    /** A link to something else than the image of its name. */
    | 'foreign-link'
    /** No image by its name, or no file. */
    | 'foreign-file'
    /** A directory of the store that is none. */
    | 'no-directory';
}

/**
 * Reads the store of a class. Takes no lock, makes nothing and needs no rights but to read; what another agent is about to
 * change is seen as it was or as it will be.
 *
 * @throws NodeError ('io', 'unsafe-path').
 */
export function readStore(host: Host, kind: ExtensionKind): StoreContents {
  using directory = host.openDirectory(storePath(kind));
  return directory === undefined ? { kind, images: [], strangers: [] } : readContents(directory, kind);
}

/** As {@link readStore}, of a directory that is open. */
export function readContents(directory: HostDirectory, kind: ExtensionKind): StoreContents {
  const names = directory.list();
  const removed = new Set(names.map(removedImage));
  const strangers: Stranger[] = [];
  const images = new Map<ByteString, EntryStatus>();
  for (const name of names) {
    if (name.startsWith(HIDDEN)) continue;
    const status = directory.status(name);
    if (status === undefined) continue;
    const isProfile = (PROFILES as readonly string[]).includes(name);
    if (isProfile && status.kind === 'directory') continue;
    if (!isProfile && status.kind === 'file' && name.endsWith('.raw')) images.set(name, status);
    else strangers.push(strangerOf(directory, name, status, isProfile ? 'no-directory' : 'foreign-file'));
  }
  const profilesOf = new Map<ByteString, Profile[]>();
  for (const profile of PROFILES) {
    using links = openProfile(directory, profile);
    for (const name of links?.list() ?? []) {
      const status = name.startsWith(HIDDEN) ? undefined : links?.status(name);
      if (links === undefined || status === undefined) continue;
      if (status.kind !== 'symlink') {
        strangers.push({ ...strangerOf(links, name, status, 'foreign-file'), profile });
      } else if (!leadsToImage(links.readLink(name), name, kind)) {
        strangers.push({ ...strangerOf(links, name, status, 'foreign-link'), profile });
      } else if (images.has(name)) {
        profilesOf.set(name, [...(profilesOf.get(name) ?? []), profile]);
      } else if (!removed.has(name)) {
        strangers.push({ ...strangerOf(links, name, status, 'dangling'), profile });
      }
    }
  }
  return {
    kind,
    images: inOrderOfExtensions([...images.keys()], kind).map((fileName) => ({
      fileName,
      status: images.get(fileName)!,
      profiles: profilesOf.get(fileName) ?? [],
    })),
    strangers,
  };
}

/** File names by the name of the extension, bytewise, and equal ones by the whole: app before app-debug. */
function inOrderOfExtensions(fileNames: readonly ByteString[], kind: ExtensionKind): ByteString[] {
  const compare = (a: ByteString, b: ByteString): number => (a < b ? -1 : Number(a > b));
  return fileNames
    .map((fileName) => ({ fileName, name: extensionNameOf(fileName, kind) ?? fileName }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.fileName, b.fileName))
    .map(({ fileName }) => fileName);
}

/** Whether a profile's link is one that enables the image of its name: relative as this agent makes it, or absolute. */
export function leadsToImage(target: ByteString | undefined, name: ByteString, kind: ExtensionKind): boolean {
  return target === profileLinkTarget(name) || target === `${storePath(kind)}/${name}`;
}

/** Opens a profile's directory; undefined where it is missing, or something else. */
function openProfile(directory: HostDirectory, profile: Profile): HostDirectory | undefined {
  return directory.status(profile)?.kind === 'directory' ? directory.openDirectory(profile) : undefined;
}

function strangerOf(
  directory: HostDirectory,
  name: ByteString,
  { kind }: EntryStatus,
  problem: Stranger['problem'],
): Stranger {
  const target = kind === 'symlink' ? directory.readLink(name) : undefined;
  return { profile: undefined, name, kind, target, problem };
}
