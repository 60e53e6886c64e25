import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { type Finding, SUBJECTS_MAX } from '../../base/finding.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { mergeOrder } from '../../image/extension/merge-order.ts';
import type { FileSystem } from '../../image/file-system.ts';
import type { Host } from '../host/host.ts';

/** Where an extension and something else have a file of the same path. */
export type ConflictCode =
  /** The extension's is seen instead of the base system's. */
  | 'hides-base-files'
  /** The extension's is seen instead of the other extension's, or the other way round. */
  | 'hides-files'
  | 'hidden-files';

/** An extension whose files are compared. */
export interface ComparedExtension {
  /** Its name, not its file's. */
  readonly name: ByteString;
  readonly paths: ReadonlySet<ByteString>;
}

/** Files that are compared; a larger image is compared as far as this goes. */
const PATHS_MAX = 1_000_000;

/** The paths of everything but directories in what systemd merges of an extension. Throws the ImageErrors of the walk. */
export async function mergedPaths(fileSystem: FileSystem, kind: ExtensionKind): Promise<Set<ByteString>> {
  const paths = new Set<ByteString>();
  for await (const { path, inode } of fileSystem.walk()) {
    if (inode.type === 'directory' || path.startsWith(`${kind.releaseDirectory}/`)) continue;
    const slash = path.indexOf('/');
    if (slash > 0 && kind.mergedHierarchies.includes(path.slice(0, slash))) paths.add(path);
    if (paths.size === PATHS_MAX) break;
  }
  return paths;
}

/** Which files of an extension hide those of others, or are hidden by them, by the order in which systemd merges. */
export function conflictsAmong(
  extension: ComparedExtension,
  others: readonly ComparedExtension[],
): Finding<ConflictCode>[] {
  const findings: Finding<ConflictCode>[] = [];
  for (const other of others) {
    const common = [...extension.paths].filter((path) => other.paths.has(path)).sort();
    if (common.length === 0) continue;
    const wins = mergeOrder([extension.name, other.name]).order[1] === extension.name;
    const [winner, loser] = wins ? [extension.name, other.name] : [other.name, extension.name];
    findings.push({
      code: wins ? 'hides-files' : 'hidden-files',
      level: 'warning',
      message: `${filesText(common)} in both ${displayName(extension.name)} and ${displayName(other.name)}: the one of ${displayName(winner)} is seen, which is merged later than ${displayName(loser)}`,
      hint: 'systemd merges in the order of the names, taken as versions; auroraboot order shows it',
      subjects: subjects(common),
    });
  }
  return findings;
}

/** Which files of the base system an extension hides. */
export function conflictsWithBase(
  host: Host,
  extension: ComparedExtension,
  isOfExtension: (path: ByteString) => boolean,
): Finding<ConflictCode>[] {
  const hidden: ByteString[] = [];
  for (const [directory, names] of byDirectory(extension.paths)) {
    using opened = host.openDirectory(`/${directory}`);
    for (const name of opened === undefined ? [] : names) {
      const path = `${directory}/${name}`;
      if (opened?.status(name) !== undefined && !isOfExtension(path)) hidden.push(path);
    }
  }
  if (hidden.length === 0) return [];
  hidden.sort();
  return [
    {
      code: 'hides-base-files',
      level: 'warning',
      message: `${filesText(hidden)} of the base system ${hidden.length === 1 ? 'is' : 'are'} hidden by ${displayName(extension.name)} while it is live`,
      subjects: subjects(hidden),
    },
  ];
}

function byDirectory(paths: Iterable<ByteString>): Map<ByteString, ByteString[]> {
  const directories = new Map<ByteString, ByteString[]>();
  for (const path of paths) {
    const slash = path.lastIndexOf('/');
    const directory = path.slice(0, slash);
    const names = directories.get(directory);
    if (names === undefined) directories.set(directory, [path.slice(slash + 1)]);
    else names.push(path.slice(slash + 1));
  }
  return directories;
}

function filesText(paths: readonly ByteString[]): string {
  const [first] = paths;
  return paths.length === 1
    ? `/${displayName(first!)}`
    : `${paths.length} files, such as /${displayName(first!)},`;
}

function subjects(paths: readonly ByteString[]): string[] {
  return paths.slice(0, SUBJECTS_MAX).map((path) => `/${displayName(path)}`);
}
