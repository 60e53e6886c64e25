import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import type { FileSystem, Inode } from '../file-system.ts';
import { baseNameOf, isImageName } from './image-name.ts';
import type { ExtensionKind } from './kind.ts';
import { releaseFileName } from './name.ts';
import { parseRelease, RELEASE_FILE_MAX, type Release } from './release.ts';
import { resolvePath } from './resolve-path.ts';

/** A release file inside an image. */
export interface ReleaseFile {
  /** Where it is, links followed, from the root of the image without a leading slash. */
  readonly path: ByteString;
  /** The name that it gives the extension: what follows `extension-release.` */
  readonly name: ByteString;
  /** Undefined where the file is none that systemd would read; see `parseRelease`. */
  readonly release: Release | undefined;
}

/** The outcome of looking for the release file of an extension by its name. */
export type ReleaseSearch =
  | {
      readonly outcome: 'found';
      /**
       * By the extension's name; by its name without version; or because the file says that its name does not
       * matter (attribute `user.extension-release.strict` is false).
       */
      readonly by: 'name' | 'base-name' | 'attribute';
      readonly file: ReleaseFile;
    }
  /** None is for this name; `others` names those there are, the first {@link CANDIDATES_MAX}. */
  | { readonly outcome: 'missing'; readonly others: readonly ByteString[] }
  /** Several could be meant, which systemd refuses; their names. */
  | { readonly outcome: 'ambiguous'; readonly candidates: readonly ByteString[] };

/** Release files of other names that are looked at. */
const CANDIDATES_MAX = 100;
const STRICT_ATTRIBUTE: ByteString = 'user.extension-release.strict';
const FALSE_WORDS: ReadonlySet<string> = new Set(['0', 'no', 'n', 'false', 'f', 'off']);

/**
 * Finds the release file of an extension as systemd does (`open_extension_release_at`, src/basic/os-util.c in systemd
 * 257).
 *
 * @param name The extension's name as `extensionNameOf` gives it.
 * @throws ImageError ('malformed', 'out-of-range' for a release file that is none or too large), and what the file
 * system throws.
 */
export async function findRelease<I extends Inode>(
  fileSystem: FileSystem<I>,
  kind: ExtensionKind,
  name: ByteString,
): Promise<ReleaseSearch> {
  const exact = await resolvePath(fileSystem, `${kind.releaseDirectory}/${releaseFileName(name)}`);
  if (exact !== undefined) {
    return { outcome: 'found', by: 'name', file: await readRelease(fileSystem, { ...exact, name }) };
  }
  const base = baseNameOf(name);
  const others: ByteString[] = [];
  const accepted: { by: 'base-name' | 'attribute'; file: FoundFile<I> }[] = [];
  for (const file of await releaseFiles(fileSystem, kind)) {
    if (base !== undefined && file.name === base) accepted.push({ by: 'base-name', file });
    else if (base !== undefined && (await isRelaxed(fileSystem, file.inode)))
      accepted.push({ by: 'attribute', file });
    else others.push(file.name);
  }
  const [only] = accepted;
  if (only === undefined) return { outcome: 'missing', others };
  if (accepted.length > 1) return { outcome: 'ambiguous', candidates: accepted.map(({ file }) => file.name) };
  return { outcome: 'found', by: only.by, file: await readRelease(fileSystem, only.file) };
}

/**
 * All release files of an image, whatever their names, ascending: for an image whose file name tells nothing. The
 * first {@link CANDIDATES_MAX}. Throws as {@link findRelease}.
 */
export async function allReleases<I extends Inode>(
  fileSystem: FileSystem<I>,
  kind: ExtensionKind,
): Promise<ReleaseFile[]> {
  const files: ReleaseFile[] = [];
  for (const file of await releaseFiles(fileSystem, kind)) files.push(await readRelease(fileSystem, file));
  return files;
}

interface FoundFile<I extends Inode> {
  readonly path: ByteString;
  readonly name: ByteString;
  readonly inode: I;
}

/** The regular files in the directory for release files that systemd would consider. */
async function releaseFiles<I extends Inode>(
  fileSystem: FileSystem<I>,
  kind: ExtensionKind,
): Promise<FoundFile<I>[]> {
  const directory = await resolvePath(fileSystem, kind.releaseDirectory);
  if (directory?.inode.type !== 'directory') return [];
  const prefix = releaseFileName('');
  const files: FoundFile<I>[] = [];
  for await (const entry of fileSystem.entries(directory.inode)) {
    if (entry.type !== 'file' || !entry.name.startsWith(prefix) || isBackup(entry.name)) continue;
    const name = entry.name.slice(prefix.length);
    if (!isImageName(name)) continue;
    const path = `${directory.path}/${entry.name}`;
    const inode = await fileSystem.lookup(path);
    if (inode?.type === 'file') files.push({ path, name, inode });
    if (files.length === CANDIDATES_MAX) break;
  }
  return files;
}

/** Files that systemd takes for leftovers of editors and package managers (`hidden_or_backup_file`). */
const BACKUP_ENDINGS: ReadonlySet<string> = new Set(
  'rpmnew rpmsave rpmorig dpkg-old dpkg-new dpkg-tmp dpkg-dist dpkg-bak dpkg-backup dpkg-remove ucf-new ucf-old ucf-dist swp bak old new'.split(
    ' ',
  ),
);

function isBackup(fileName: ByteString): boolean {
  return fileName.endsWith('~') || BACKUP_ENDINGS.has(fileName.slice(fileName.lastIndexOf('.') + 1));
}

/** Whether a release file says that it also holds for other names. */
async function isRelaxed<I extends Inode>(fileSystem: FileSystem<I>, inode: I): Promise<boolean> {
  const strict = (await fileSystem.xattrs(inode)).get(STRICT_ATTRIBUTE);
  return strict !== undefined && strict.length <= 5 && FALSE_WORDS.has(byteString(strict).toLowerCase());
}

async function readRelease<I extends Inode>(
  fileSystem: FileSystem<I>,
  { path, name, inode }: FoundFile<I>,
): Promise<ReleaseFile> {
  if (inode.type !== 'file') {
    throw new ImageError('malformed', `${displayName(path)} is a ${inode.type}, not a release file`);
  }
  if (inode.size > RELEASE_FILE_MAX) {
    throw new ImageError(
      'out-of-range',
      `${displayName(path)}: a release file of ${inode.size} bytes is more than ${RELEASE_FILE_MAX}`,
    );
  }
  const bytes = byteString(await fileSystem.readFile(inode, RELEASE_FILE_MAX));
  return { path, name, release: parseRelease(bytes) };
}
