import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import type { InodeType } from '../file-system.ts';
import { readU64, viewOf } from '../file-system-bytes.ts';
import { DIRENT_FIELD, DIRENT_SIZE, DIRENT_TYPE, MAX_NAME_LENGTH } from './layout.ts';
import type { ErofsParts } from './parts.ts';
import { readContent } from './read-content.ts';
import type { ErofsInode } from './read-inode.ts';

/** A name in a directory. */
export interface DirectoryEntry {
  readonly name: ByteString;
  readonly nid: number;
  /** What the directory says it is; the inode has the last word. */
  readonly type: InodeType;
}

/** The entries of a directory, ascending, `.` and `..` among them; those of some blocks at a time. @throws ImageError */
export async function* readDirectory(
  parts: ErofsParts,
  directory: ErofsInode,
): AsyncGenerator<readonly DirectoryEntry[]> {
  const { blockSize } = parts.superblock;
  const what = (): string => `EROFS directory ${directory.nid}`;
  if (directory.type !== 'directory') throw new ImageError('malformed', `${what()} is a ${directory.type}`);
  let previous: ByteString | undefined;
  for await (const piece of wholeBlocks(readContent(parts, directory), blockSize)) {
    for (let at = 0; at < piece.length; at += blockSize) {
      const entries = readDirectoryBlock(piece.subarray(at, at + blockSize), previous, what);
      previous = entries.at(-1)?.name;
      yield entries;
    }
  }
}

/** The same bytes in pieces of whole blocks, but for the last. */
async function* wholeBlocks(
  pieces: AsyncIterable<Uint8Array>,
  blockSize: number,
): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array(0);
  for await (const piece of pieces) {
    const joined = new Uint8Array(rest.length + piece.length);
    joined.set(rest);
    joined.set(piece, rest.length);
    const whole = joined.length - (joined.length % blockSize);
    if (whole > 0) yield joined.subarray(0, whole);
    rest = joined.subarray(whole);
  }
  if (rest.length > 0) yield rest;
}

const TYPES = new Map<number, InodeType>(
  Object.entries(DIRENT_TYPE).map(([type, value]) => [value, type as InodeType]),
);

/**
 * Reads the entries of one directory block, `.` and `..` among them.
 *
 * @param block A whole block, or as much of the last one as the directory's size covers.
 * @param after The name before the first: names ascend through the whole directory, else the kernel would
 * list files that it cannot find.
 * @throws ImageError ('malformed')
 */
export function readDirectoryBlock(
  block: Uint8Array,
  after: ByteString | undefined,
  what: () => string,
): DirectoryEntry[] {
  const malformed = (cause: string): ImageError => new ImageError('malformed', `${what()}: ${cause}`);
  if (block.length < DIRENT_SIZE) throw malformed('a block is too short for an entry');
  const view = viewOf(block);
  const namesAt = view.getUint16(DIRENT_FIELD.nameOffset, true);
  if (namesAt < DIRENT_SIZE || namesAt % DIRENT_SIZE !== 0 || namesAt > block.length) {
    throw malformed(`the first name is said to be at ${namesAt}`);
  }
  const entries: DirectoryEntry[] = [];
  let previous = after;
  for (let at = 0; at < namesAt; at += DIRENT_SIZE) {
    const start = view.getUint16(at + DIRENT_FIELD.nameOffset, true);
    const isLast = at + DIRENT_SIZE === namesAt;
    let end = isLast ? block.length : view.getUint16(at + DIRENT_SIZE + DIRENT_FIELD.nameOffset, true);
    if (start < namesAt || end > block.length || start >= end) throw malformed('the names are out of place');
    const terminator = isLast ? block.indexOf(0, start) : -1;
    if (terminator >= 0) end = terminator;
    const name = byteString(block.subarray(start, Math.min(end, start + MAX_NAME_LENGTH + 1)));
    if (name === '' || name.length > MAX_NAME_LENGTH || /[\0/]/.test(name)) {
      throw malformed(`'${displayName(name)}' is no name`);
    }
    if (previous !== undefined && name <= previous) {
      throw malformed(`the name '${displayName(name)}' comes after '${displayName(previous)}'`);
    }
    const type = TYPES.get(view.getUint8(at + DIRENT_FIELD.type));
    if (type === undefined) throw malformed(`'${displayName(name)}' has no known type`);
    entries.push({
      name,
      nid: readU64(view, at + DIRENT_FIELD.nid, () => `${what()}: an inode number`),
      type,
    });
    previous = name;
  }
  return entries;
}
