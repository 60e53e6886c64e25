import { type ByteString, byteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { Host } from '../host/host.ts';
import { type ExtensionMount, readExtensionMounts } from './extension-mounts.ts';

/** A hierarchy, such as `/usr`, and what systemd merged over it. */
export interface MergedHierarchy {
  readonly hierarchy: ByteString;
  /** Names of extensions in merge order, the last wins. */
  readonly names: readonly ByteString[];
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  /** Whether files can be written to it while it is merged. */
  readonly isMutable: boolean;
}

/** Bytes of a marker file: names of as many extensions as could ever be merged. */
const MARKER_MAX = 256 * 1024;

/**
 * What is merged over any hierarchy, by the marks that systemd leaves there (src/sysext/sysext.c in systemd 257). A mark
 * counts only on the mount that it tells: the same file in an extension or on the base system is none. Starts no program.
 */
export function readMerged(host: Host, kind: ExtensionKind): MergedHierarchy[] {
  const mounts = readExtensionMounts(host, kind);
  const hierarchies = new Set([...defaultHierarchies(kind), ...mounts.map(({ hierarchy }) => hierarchy)]);
  return [...hierarchies].flatMap((hierarchy) => {
    const mount = mounts.findLast((other) => other.hierarchy === hierarchy);
    return readHierarchy(host, kind, hierarchy, mount) ?? [];
  });
}

/** The hierarchies that systemd merges if nothing else is set. */
export function defaultHierarchies(kind: ExtensionKind): ByteString[] {
  return kind.mergedHierarchies.map((name) => `/${name}`);
}

/** The names of all that is merged, each once. */
export function mergedNames(merged: readonly MergedHierarchy[]): ByteString[] {
  return [...new Set(merged.flatMap(({ names }) => names))];
}

function readHierarchy(
  host: Host,
  kind: ExtensionKind,
  hierarchy: ByteString,
  mount: ExtensionMount | undefined,
): MergedHierarchy | undefined {
  using top = host.openDirectory(hierarchy);
  using marks = top?.openDirectory(`.systemd-${kind.name}`);
  if (top === undefined || marks === undefined) return undefined;
  const read = (name: ByteString): ByteString | undefined => {
    using reader = marks.openFile(name);
    if (reader === undefined || reader.status.size > MARKER_MAX) return undefined;
    return byteString(reader.head.read(0, reader.status.size) as Uint8Array);
  };
  if (read('dev')?.trim() !== deviceText(top.device)) return undefined;
  const names = read(kind.name === 'sysext' ? 'extensions' : 'confexts');
  return {
    hierarchy,
    names: (names ?? '').split('\n').filter((name) => name !== ''),
    since: top.status(`.systemd-${kind.name}`)?.modified,
    // Where the mounts cannot be read: systemd leaves a work_dir only where what is written is kept.
    isMutable: mount?.isMutable ?? marks.status('work_dir') !== undefined,
  };
}

/** A device number as `MAJOR:MINOR`, taken apart as the C library does (makedev(3)). */
function deviceText(device: number): string {
  const major = Math.floor(device / 2 ** 8) % 2 ** 12;
  const minor = (device % 2 ** 8) + Math.floor(device / 2 ** 20) * 2 ** 8;
  return `${major}:${minor}`;
}
