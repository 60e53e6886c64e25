import { type ByteString, byteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { Host } from '../host/host.ts';

/** A hierarchy, such as `/usr`, and what systemd merged over it. */
export interface MergedHierarchy {
  readonly hierarchy: ByteString;
  /** Names of extensions in merge order, the last wins; undefined where nothing is merged. */
  readonly names: readonly ByteString[] | undefined;
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  /** Whether files can be written to it while it is merged. */
  readonly isMutable: boolean;
}

/** Bytes of a marker file: names of as many extensions as could ever be merged. */
const MARKER_MAX = 256 * 1024;
/** What is mounted as this process sees it (proc_pid_mountinfo(5)); a machine with many containers has thousands of lines. */
const MOUNTS: ByteString = '/proc/self/mountinfo';
const MOUNTS_MAX = 16 * 1024 * 1024;

/**
 * What is merged over the hierarchies, by the marks that systemd leaves in them (src/sysext/sysext.c in systemd 257). A mark
 * counts only on the mount that it tells: the same file in an extension or on the base system is none.
 */
export function readMerged(
  host: Host,
  kind: ExtensionKind,
  hierarchies: readonly ByteString[] = defaultHierarchies(kind),
): MergedHierarchy[] {
  return hierarchies.map((hierarchy) => readHierarchy(host, kind, hierarchy));
}

/** The hierarchies that systemd merges if nothing else is set. */
export function defaultHierarchies(kind: ExtensionKind): ByteString[] {
  return kind.mergedHierarchies.map((name) => `/${name}`);
}

/** The names of all that is merged, each once. */
export function mergedNames(merged: readonly MergedHierarchy[]): ByteString[] {
  return [...new Set(merged.flatMap(({ names }) => names ?? []))];
}

function readHierarchy(host: Host, kind: ExtensionKind, hierarchy: ByteString): MergedHierarchy {
  const none: MergedHierarchy = { hierarchy, names: undefined, since: undefined, isMutable: false };
  using top = host.openDirectory(hierarchy);
  using marks = top?.openDirectory(`.systemd-${kind.name}`);
  if (top === undefined || marks === undefined) return none;
  const read = (name: ByteString): ByteString | undefined => {
    using reader = marks.openFile(name);
    if (reader === undefined || reader.status.size > MARKER_MAX) return undefined;
    return byteString(reader.head.read(0, reader.status.size) as Uint8Array);
  };
  const device = deviceText(top.device);
  if (read('dev')?.trim() !== device) return none;
  const names = read(kind.name === 'sysext' ? 'extensions' : 'confexts');
  return {
    hierarchy,
    names: (names ?? '').split('\n').filter((name) => name !== ''),
    since: top.status(`.systemd-${kind.name}`)?.modified,
    // systemd leaves a work_dir only where what is written is kept.
    isMutable: isWritable(host, device) ?? marks.status('work_dir') !== undefined,
  };
}

/** Whether the file system of a device is mounted so that it can be written to; undefined where the kernel cannot be asked. */
function isWritable(host: Host, device: string): boolean | undefined {
  const mounts = host.readFile(MOUNTS, MOUNTS_MAX);
  if (mounts === undefined) return undefined;
  const line = Buffer.from(mounts)
    .toString('latin1')
    .split('\n')
    .map((text) => text.split(' '))
    .find((fields) => fields[2] === device);
  // Options of the mount, and those of the file system, which are the last ones.
  const options = [line?.[5], line?.slice(6).at(-1)];
  return options.every((list) => list?.split(',').includes('rw') === true);
}

/** A device number as `MAJOR:MINOR`, taken apart as the C library does (makedev(3)). */
function deviceText(device: number): string {
  const major = Math.floor(device / 2 ** 8) % 2 ** 12;
  const minor = (device % 2 ** 8) + Math.floor(device / 2 ** 20) * 2 ** 8;
  return `${major}:${minor}`;
}
