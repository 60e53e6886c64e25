import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { extensionNameOf } from '../../image/extension/image-name.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { Host } from '../host/host.ts';
import { mergedNames, readMerged } from '../machine/merged.ts';
import { type Profile, storePath } from '../store/layout.ts';
import { readContents } from '../store/store-contents.ts';
import { readFacts } from './facts-index.ts';
import { readRunLinks } from './run-links.ts';

/** An extension in the store, as text for display. */
export interface ListedExtension {
  /** The extension's name. */
  readonly name: string;
  readonly file: string;
  readonly version: string | null;
  /** Bytes of the image. */
  readonly size: number;
  /** Who claims to have signed it; verifying tells whether that is true. */
  readonly signedBy: string | null;
  /** The profiles it is enabled for. */
  readonly profiles: readonly Profile[];
  /** Whether it is merged now, from the store. */
  readonly live: boolean;
  /** Why it cannot be read as an image; null if it can. */
  readonly problem: string | null;
}

/**
 * Lists the extensions in the store, in the order of their names. Needs no rights but to read, starts no program, and
 * reads of an image a few blocks at most.
 *
 * @param profile Only those enabled for it.
 * @throws NodeError ('io', 'unsafe-path').
 */
export async function listExtensions(
  host: Host,
  kind: ExtensionKind,
  profile?: Profile,
): Promise<ListedExtension[]> {
  using directory = host.openDirectory(storePath(kind));
  if (directory === undefined) return [];
  const { images } = readContents(directory, kind);
  const chosen = profile === undefined ? images : images.filter(({ profiles }) => profiles.includes(profile));
  const facts = await readFacts(directory, chosen, kind);
  const linked = new Set<ByteString>(readRunLinks(host, kind).map(({ fileName }) => fileName));
  const live = new Set(linked.size === 0 ? [] : mergedNames(readMerged(host, kind)));
  return chosen.map(({ fileName, status, profiles }) => {
    const name = extensionNameOf(fileName, kind) ?? fileName;
    const { version, signedBy, problem } = facts.get(fileName) ?? {};
    return {
      name: displayName(name),
      file: displayName(fileName),
      version: version ?? null,
      size: status.size,
      signedBy: signedBy ?? null,
      profiles,
      live: linked.has(fileName) && live.has(name),
      problem: problem ?? null,
    };
  });
}
