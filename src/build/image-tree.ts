import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import type { DirectoryNode, ErofsNode, InodeAttributes, Timestamp } from '../image/erofs/tree.ts';
import { isSharedDirectory } from '../image/extension/shared-directories.ts';
import type { FindingCollector } from './findings.ts';
import type { FoldedDirectory } from './layer-tree.ts';

const DIRECTORY_MODE = 0o755;

/** Turns the folded layers into the tree that is written, with directories that no layer states made up. */
export function imageTree(
  folded: FoldedDirectory,
  buildTime: Timestamp,
  findings: FindingCollector,
): DirectoryNode {
  const made: InodeAttributes = { mode: DIRECTORY_MODE, uid: 0, gid: 0, mtime: buildTime, xattrs: new Map() };
  const convert = (directory: FoldedDirectory, path: ByteString): DirectoryNode => {
    const children = new Map<ByteString, ErofsNode>();
    for (const [name, child] of directory.children) {
      const childPath = path === '' ? name : `${path}/${name}`;
      children.set(name, 'type' in child ? child : convert(child, childPath));
    }
    const attributes = directory.attributes ?? made;
    if (!isSharedDirectory(path)) return { type: 'directory', ...attributes, children };
    return { type: 'directory', ...asHostsHaveIt(attributes, path, findings), children };
  };
  // The root's own attributes reach no host: systemd mounts only the hierarchies under it.
  return convert({ ...folded, attributes: made }, '');
}

function asHostsHaveIt(
  attributes: InodeAttributes,
  path: ByteString,
  findings: FindingCollector,
): InodeAttributes {
  const { mode, uid, gid, xattrs } = attributes;
  const kept = new Map([...xattrs].filter(([name]) => name === 'security.selinux'));
  if (mode === DIRECTORY_MODE && uid === 0 && gid === 0 && kept.size === xattrs.size) return attributes;
  const had = `0${mode.toString(8)} ${uid}:${gid}`;
  const more = kept.size === xattrs.size ? '' : ' with extended attributes';
  findings.count('shared-directory', `${displayName(path)} (was ${had}${more})`);
  return { ...attributes, mode: DIRECTORY_MODE, uid: 0, gid: 0, xattrs: kept };
}

/**
 * The modification time that most inodes share, the earliest of several: the image's build time when
 * SOURCE_DATE_EPOCH gives none. Inodes with that very time need only half the space.
 */
export function commonTime(folded: FoldedDirectory): Timestamp {
  const counts = new Map<string, { time: Timestamp; count: number }>();
  const visit = (directory: FoldedDirectory): void => {
    for (const child of directory.children.values()) {
      const time = 'type' in child ? child.mtime : child.attributes?.mtime;
      if (time !== undefined) {
        const key = `${time.seconds}.${time.nanoseconds}`;
        const entry = counts.get(key) ?? { time, count: 0 };
        entry.count += 1;
        counts.set(key, entry);
      }
      if (!('type' in child)) visit(child);
    }
  };
  visit(folded);
  let best: { time: Timestamp; count: number } | undefined;
  for (const candidate of counts.values()) {
    if (best === undefined || candidate.count > best.count) best = candidate;
    else if (candidate.count === best.count && isBefore(candidate.time, best.time)) best = candidate;
  }
  return best?.time ?? { seconds: 0, nanoseconds: 0 };
}

function isBefore(a: Timestamp, b: Timestamp): boolean {
  return a.seconds !== b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds;
}
