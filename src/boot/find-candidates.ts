import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import { extensionNameOf } from '../image/extension/image-name.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import { NodeError } from '../node/error.ts';
import type { HostDirectory } from '../node/host/host.ts';
import { runLinkName } from '../node/machine/run-link-name.ts';
import { imageFileNameProblem } from '../node/store/image-file-name.ts';
import { HIDDEN, type Profile, storePath } from '../node/store/layout.ts';
import type { Candidate, Refusal } from './candidate.ts';

/** What the profiles of this boot have. */
export interface FoundCandidates {
  /** The profiles in the order given, of each the entries in the order of their names: who comes first has precedence. */
  readonly candidates: readonly Candidate[];
  readonly refused: readonly RefusedEntry[];
}

/** An entry of a profile that is no image which could be verified. */
export interface RefusedEntry {
  readonly kind: ExtensionKind;
  readonly profile: Profile;
  readonly entry: ByteString;
  readonly refusal: Refusal;
}

/** Entries of one profile that are looked at; more than 120 can never be merged. */
const ENTRIES_MAX = 5000;

/**
 * Finds the images that some profiles enable: links to images of the store, and images in the profile itself. Nothing else is
 * followed, so that no link can lead out of the store or in a circle.
 *
 * @param store The store's directory.
 * @param systemdVersion Of the system that is booted; undefined where nobody knows.
 * @throws NodeError ('io') where a profile's directory cannot be read.
 */
export function findCandidates(
  store: HostDirectory,
  kind: ExtensionKind,
  profiles: readonly Profile[],
  systemdVersion: number | undefined,
): FoundCandidates {
  const candidates: Candidate[] = [];
  const refused: RefusedEntry[] = [];
  for (const profile of profiles) {
    if (store.status(profile)?.kind !== 'directory') continue;
    using directory = store.openDirectory(profile);
    if (directory === undefined) continue;
    const entries = directory.list().filter((name) => name.endsWith('.raw') && !name.startsWith(HIDDEN));
    for (const [index, entry] of entries.entries()) {
      try {
        if (index >= ENTRIES_MAX)
          throw refusal('too-many', `${profile} has more than ${ENTRIES_MAX} entries`);
        const found = candidateOf(store, directory, entry, { kind, profile, systemdVersion });
        if (found === undefined) continue;
        // Enabled twice over, it is still one.
        const isKnown = candidates.some((other) => other.entry === entry && other.image === found.image);
        if (!isKnown || found.isInProfile) candidates.push(found);
      } catch (error) {
        const reason =
          error instanceof NodeError
            ? refusal('unreadable', error.message, error.hint).refusal
            : refusalOf(error);
        refused.push({ kind, profile, entry, refusal: reason });
      }
    }
  }
  return { candidates, refused };
}

interface Place {
  readonly kind: ExtensionKind;
  readonly profile: Profile;
  readonly systemdVersion: number | undefined;
}

/** The candidate that an entry is; undefined for a directory, which is none of ours. */
function candidateOf(
  store: HostDirectory,
  directory: HostDirectory,
  entry: ByteString,
  { kind, profile, systemdVersion }: Place,
): Candidate | undefined {
  const status = directory.status(entry);
  if (status === undefined || status.kind === 'directory') return undefined;
  const problem = imageFileNameProblem(entry, kind);
  if (problem !== undefined) {
    throw refusal('bad-name', `${displayName(entry)} cannot be the name of an image: ${problem}`);
  }
  const isInProfile = status.kind === 'file';
  const image = isInProfile ? entry : imageOf(directory.readLink(entry), kind);
  if (image === undefined) {
    const what =
      status.kind === 'symlink'
        ? `it is a link to ${displayName(directory.readLink(entry) ?? '')}, which is no image of the store`
        : 'it is neither an image nor a link to one';
    throw refusal('foreign-entry', what, 'find out who put it there, and remove it');
  }
  const target = isInProfile ? status : store.status(image);
  if (target === undefined) throw refusal('dangling', `${displayName(image)} is not in the store`);
  if (target.kind !== 'file') throw refusal('foreign-entry', `${displayName(image)} in the store is no file`);
  const name = extensionNameOf(entry, kind) ?? entry;
  const link = runLinkName(entry, kind, systemdVersion);
  return { kind, profile, entry, image, isInProfile, name, link, size: target.size };
}

/** The image of the store that a profile's link names: relative as the agent makes it, or absolute. */
function imageOf(target: ByteString | undefined, kind: ExtensionKind): ByteString | undefined {
  const prefix = ['../', `${storePath(kind)}/`].find((start) => target?.startsWith(start));
  const image = prefix === undefined ? undefined : target?.slice(prefix.length);
  const isName =
    image !== undefined && image !== '' && image !== '..' && image !== '.' && !image.includes('/');
  return isName ? image : undefined;
}

/** What is thrown within this file for an entry that is refused. */
class EntryRefused extends Error {
  readonly refusal: Refusal;

  constructor(refused: Refusal) {
    super(refused.reason);
    this.refusal = refused;
  }
}

function refusal(code: string, reason: string, hint?: string): EntryRefused {
  return new EntryRefused({ code, reason, hint });
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof EntryRefused) return error.refusal;
  throw error;
}
