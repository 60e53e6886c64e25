import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { Entry, EntryType } from '../entry.ts';
import { fileError } from '../file-error.ts';
import type { ReadOptions } from '../source.ts';
import { type FileReadOptions, fileContent, PIECE_SIZE } from './file-content.ts';
import type { TreeXattrs } from './getfattr-output.ts';
import { childPath, type TreePath } from './tree-path.ts';

/** What is known of files met before: device and inode number → the first name. */
type FirstNames = Map<string, ByteString>;

/**
 * The entries below a directory, each directory before its content, names in order of their bytes. Symbolic links
 * are entries, never followed. Of several names of one file the first in this order has the content.
 *
 * @param xattrs Attributes of the entries; undefined where they are not known.
 */
export async function* walkTree(
  directory: Buffer,
  xattrs: TreeXattrs | undefined,
  options: ReadOptions,
): AsyncGenerator<Entry> {
  const reading = { ...options, buffer: Buffer.allocUnsafeSlow(PIECE_SIZE) };
  const firstNames: FirstNames = new Map();
  const waiting = childPaths({ full: directory, path: '' });
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    options.signal?.throwIfAborted();
    const { full } = at;
    const stats = attempt(at, () => lstatSync(full, { bigint: true }));
    yield treeEntry(at, stats, firstNames, xattrs, reading);
    // One by one: a directory may have more entries than a call takes arguments.
    if (stats.isDirectory()) for (const child of childPaths(at)) waiting.push(child);
  }
}

/** The paths in a directory, last first: they are taken from the end. */
function childPaths(directory: TreePath): TreePath[] {
  const names = attempt(directory, () => readdirSync(directory.full, { encoding: 'buffer' }));
  return names
    .sort(Buffer.compare)
    .reverse()
    .map((name) => childPath(directory, name));
}

function treeEntry(
  at: TreePath,
  stats: BigIntStats,
  firstNames: FirstNames,
  xattrs: TreeXattrs | undefined,
  reading: FileReadOptions,
): Entry {
  const type = entryType(stats);
  const first = type === 'directory' || stats.nlink === 1n ? undefined : firstName(at, stats, firstNames);
  const isDevice = stats.isCharacterDevice() || stats.isBlockDevice();
  const isFile = type === 'file' && first === undefined;
  return {
    path: at.path,
    type: first === undefined ? type : 'hardlink',
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: time(stats.mtimeNs),
    size: isFile ? Number(stats.size) : 0,
    linkTarget: first ?? (type === 'symlink' ? linkTarget(at) : ''),
    major: isDevice ? major(stats.rdev) : 0,
    minor: isDevice ? minor(stats.rdev) : 0,
    xattrs: xattrs?.get(at.path) ?? new Map(),
    content: isFile ? fileContent(at, stats, reading) : [],
  };
}

function entryType(stats: BigIntStats): EntryType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'character-device';
  if (stats.isBlockDevice()) return 'block-device';
  return stats.isFIFO() ? 'fifo' : 'socket';
}

/** The name under which the same file was met before, if it was. */
function firstName(
  { path }: TreePath,
  { dev, ino }: BigIntStats,
  firstNames: FirstNames,
): ByteString | undefined {
  const key = `${dev}:${ino}`;
  const first = firstNames.get(key);
  if (first === undefined) firstNames.set(key, path);
  return first;
}

function linkTarget(at: TreePath): ByteString {
  return byteString(attempt(at, () => readlinkSync(at.full, { encoding: 'buffer' })));
}

function time(nanoseconds: bigint): Entry['mtime'] {
  const fraction = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((nanoseconds - fraction) / 1_000_000_000n), nanoseconds: Number(fraction) };
}

/** Linux packs device numbers as `makedev` of glibc does (sysmacros.h). */
function major(rdev: bigint): number {
  return Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xffff_f000n));
}

function minor(rdev: bigint): number {
  return Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n));
}

/** Calls the system; its errors name the path in the tree. */
function attempt<T>({ path }: TreePath, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fileError(error, path === '' ? 'the directory' : displayName(path));
  }
}
