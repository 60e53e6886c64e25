import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import { viewOf } from '../file-system-bytes.ts';
import {
  LONG_XATTR_PREFIX,
  XATTR_ENTRY_FIELD,
  XATTR_ENTRY_SIZE,
  XATTR_HEADER_SIZE,
  XATTR_SHARED_COUNT_OFFSET,
  XATTR_UNIT,
} from './layout.ts';
import type { ErofsParts } from './parts.ts';
import type { ErofsInode } from './read-inode.ts';
import { fullXattrName, type StoredXattrName } from './xattr-name.ts';

/** An extended attribute as it is stored. */
export interface StoredXattr {
  /** With an ordinary prefix in place of a long one. */
  readonly name: StoredXattrName;
  /** A view of what was read. */
  readonly value: Uint8Array;
  /** Where it is in the file system, in bytes, if other inodes may share it. */
  readonly shared: { readonly start: number; readonly end: number } | undefined;
}

/**
 * The extended attributes of an inode, those it shares first.
 *
 * @throws ImageError ('malformed')
 */
export async function readXattrs(parts: ErofsParts, inode: ErofsInode): Promise<Map<ByteString, Uint8Array>> {
  const xattrs = new Map<ByteString, Uint8Array>();
  const malformed = (cause: string): ImageError => new ImageError('malformed', `${whatOf(inode)}: ${cause}`);
  for await (const { name, value } of storedXattrs(parts, inode)) {
    const full = fullXattrName(name);
    if (full === undefined) throw malformed(`${name.index}, '${displayName(name.suffix)}' is no name`);
    if (xattrs.has(full)) throw malformed(`${displayName(full)} is there twice`);
    xattrs.set(full, new Uint8Array(value));
  }
  return xattrs;
}

/** What an inode's extended attributes are stored as, those it shares first. @throws ImageError ('malformed') */
export async function* storedXattrs(parts: ErofsParts, inode: ErofsInode): AsyncGenerator<StoredXattr> {
  const { bytes, superblock } = parts;
  const { xattrArea } = inode;
  if (xattrArea.size === 0) return;
  const what = (): string => whatOf(inode);
  const area = await bytes.readNear(xattrArea.offset, xattrArea.size, what);
  const idsEnd = XATTR_HEADER_SIZE + area[XATTR_SHARED_COUNT_OFFSET]! * XATTR_UNIT;
  if (idsEnd > area.length)
    throw new ImageError('malformed', `${what()}: more shared ones than there is room for`);
  const sharedOffset = superblock.xattrBlock * superblock.blockSize;
  for (let at = XATTR_HEADER_SIZE; at < idsEnd; at += XATTR_UNIT) {
    const start = sharedOffset + viewOf(area).getUint32(at, true) * XATTR_UNIT;
    const header = entryHeader(await bytes.readNear(start, XATTR_ENTRY_SIZE, what), 0);
    const size = header.nameLength + header.valueSize;
    const content = await bytes.readNear(start + XATTR_ENTRY_SIZE, size, what);
    const suffix = byteString(content.subarray(0, header.nameLength));
    yield {
      name: await withoutLongPrefix(parts, { index: header.index, suffix }),
      value: content.subarray(header.nameLength),
      shared: { start, end: start + XATTR_ENTRY_SIZE + size },
    };
  }
  for (let at = idsEnd; at < area.length; ) {
    const header = entryHeader(area, at);
    const nameAt = at + XATTR_ENTRY_SIZE;
    const valueAt = nameAt + header.nameLength;
    const end = valueAt + header.valueSize;
    if (end > area.length) throw new ImageError('malformed', `${what()}: one of them is longer than all`);
    at = Math.ceil(end / XATTR_UNIT) * XATTR_UNIT;
    // mkfs.erofs fills the room it was told to leave with zeros.
    if (header.index === 0 && header.nameLength === 0 && header.valueSize === 0) continue;
    const suffix = byteString(area.subarray(nameAt, valueAt));
    yield {
      name: await withoutLongPrefix(parts, { index: header.index, suffix }),
      value: area.subarray(valueAt, end),
      shared: undefined,
    };
  }
}

function whatOf({ nid }: ErofsInode): string {
  return `EROFS inode ${nid}: its extended attributes`;
}

/** The name with an ordinary prefix; one whose long prefix is not in the table stays as it is. */
async function withoutLongPrefix(parts: ErofsParts, stored: StoredXattrName): Promise<StoredXattrName> {
  if ((stored.index & LONG_XATTR_PREFIX) === 0) return stored;
  const prefix = (await parts.xattrPrefixes.prefixes())[stored.index & ~LONG_XATTR_PREFIX];
  return prefix === undefined ? stored : { index: prefix.base, suffix: prefix.infix + stored.suffix };
}

/** The header at an offset that is, as all lengths are, a multiple of its size. */
function entryHeader(
  bytes: Uint8Array,
  at: number,
): { nameLength: number; index: number; valueSize: number } {
  const view = viewOf(bytes);
  return {
    nameLength: view.getUint8(at + XATTR_ENTRY_FIELD.nameLength),
    index: view.getUint8(at + XATTR_ENTRY_FIELD.prefix),
    valueSize: view.getUint16(at + XATTR_ENTRY_FIELD.valueSize, true),
  };
}
