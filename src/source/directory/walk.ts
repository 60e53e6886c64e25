import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { Entry, EntryType } from '../entry.ts';
import { fileError } from '../file-error.ts';
import { fileContent } from './file-content.ts';
import type { TreeXattrs } from './getfattr-output.ts';

const SEPARATOR = Buffer.from('/');

/** How a tree is walked. */
export interface WalkOptions {
  readonly xattrs: TreeXattrs | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: ((count: number) => void) | undefined;
}

/**
 * The entries below a directory, each directory before its content, names in order of their bytes. Symbolic links
 * are entries, never followed. Of several names of one file the first in this order has the content.
 */
export async function* walkTree(directory: Buffer, options: WalkOptions): AsyncGenerator<Entry> {
  const firstNames = new Map<string, ByteString>();
  const waiting = [...childPaths(directory, '')];
  while (waiting.length > 0) {
    options.signal?.throwIfAborted();
    const { full, path } = waiting.pop()!;
    const stats = attempt(path, () => lstatSync(full, { bigint: true }));
    yield treeEntry(full, path, stats, firstNames, options);
    if (stats.isDirectory()) waiting.push(...childPaths(full, path));
  }
}

interface TreePath {
  /** As the system wants it. */
  readonly full: Buffer;
  /** From the root of the tree. */
  readonly path: ByteString;
}

/** The paths in a directory, last first: they are taken from the end. */
function childPaths(full: Buffer, path: ByteString): TreePath[] {
  const names = attempt(path, () => readdirSync(full, { encoding: 'buffer' }));
  return names
    .sort(Buffer.compare)
    .reverse()
    .map((name) => ({
      full: Buffer.concat([full, SEPARATOR, name]),
      path: path === '' ? byteString(name) : `${path}/${byteString(name)}`,
    }));
}

function treeEntry(
  full: Buffer,
  path: ByteString,
  stats: BigIntStats,
  firstNames: Map<string, ByteString>,
  { xattrs, onBytes }: WalkOptions,
): Entry {
  const type = entryType(stats);
  const first = type === 'directory' || stats.nlink === 1n ? undefined : firstName(path, stats, firstNames);
  const isDevice = stats.isCharacterDevice() || stats.isBlockDevice();
  const isFile = type === 'file' && first === undefined;
  return {
    path,
    type: first === undefined ? type : 'hardlink',
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: time(stats.mtimeNs),
    size: isFile ? Number(stats.size) : 0,
    linkTarget: first ?? (type === 'symlink' ? linkTarget(full, path) : ''),
    major: isDevice ? major(stats.rdev) : 0,
    minor: isDevice ? minor(stats.rdev) : 0,
    xattrs: xattrs?.get(path) ?? new Map(),
    content: isFile ? fileContent(full, displayName(path), stats, onBytes) : [],
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
  path: ByteString,
  { dev, ino }: BigIntStats,
  firstNames: Map<string, ByteString>,
): ByteString | undefined {
  const key = `${dev}:${ino}`;
  const first = firstNames.get(key);
  if (first === undefined) firstNames.set(key, path);
  return first;
}

function linkTarget(full: Buffer, path: ByteString): ByteString {
  return byteString(attempt(path, () => readlinkSync(full, { encoding: 'buffer' })));
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
function attempt<T>(path: ByteString, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fileError(error, displayName(path));
  }
}
