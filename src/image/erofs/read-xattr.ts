import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import {
  LONG_XATTR_PREFIX,
  XATTR_ENTRY_FIELD,
  XATTR_ENTRY_SIZE,
  XATTR_HEADER_SIZE,
  XATTR_SHARED_COUNT_OFFSET,
  XATTR_UNIT,
} from './layout.ts';
import type { ErofsParts } from './parts.ts';
import { viewOf } from './read-bytes.ts';
import type { ErofsInode } from './read-inode.ts';
import type { LongXattrPrefix } from './read-xattr-prefixes.ts';
import { fullXattrName, type StoredXattrName } from './xattr-name.ts';

/**
 * The extended attributes of an inode, those it shares first.
 *
 * @param longPrefixes Reads the table of long prefixes; called only if there is a name that has one.
 * @throws ImageError ('malformed')
 */
export async function readXattrs(
  { bytes, superblock }: ErofsParts,
  { nid, xattrArea }: ErofsInode,
  longPrefixes: () => Promise<readonly LongXattrPrefix[]>,
): Promise<Map<ByteString, Uint8Array>> {
  const sharedOffset = superblock.xattrBlock * superblock.blockSize;
  const xattrs = new Map<ByteString, Uint8Array>();
  if (xattrArea.size === 0) return xattrs;
  const what = (): string => `EROFS inode ${nid}: its extended attributes`;
  const add = async (index: number, suffix: ByteString, value: Uint8Array): Promise<void> => {
    const name = fullXattrName(await withoutLongPrefix({ index, suffix }, longPrefixes));
    if (name === undefined)
      throw new ImageError('malformed', `${what()}: ${index}, '${displayName(suffix)}' is no name`);
    if (xattrs.has(name)) throw new ImageError('malformed', `${what()}: ${displayName(name)} is there twice`);
    xattrs.set(name, new Uint8Array(value));
  };

  const area = await bytes.readNear(xattrArea.offset, xattrArea.size, what);
  const idsEnd = XATTR_HEADER_SIZE + area[XATTR_SHARED_COUNT_OFFSET]! * XATTR_UNIT;
  if (idsEnd > area.length)
    throw new ImageError('malformed', `${what()}: more shared ones than there is room for`);
  for (let at = XATTR_HEADER_SIZE; at < idsEnd; at += XATTR_UNIT) {
    const offset = sharedOffset + viewOf(area).getUint32(at, true) * XATTR_UNIT;
    const header = entryHeader(await bytes.readNear(offset, XATTR_ENTRY_SIZE, what), 0);
    const content = await bytes.readNear(
      offset + XATTR_ENTRY_SIZE,
      header.nameLength + header.valueSize,
      what,
    );
    await add(
      header.index,
      byteString(content.subarray(0, header.nameLength)),
      content.subarray(header.nameLength),
    );
  }
  for (let at = idsEnd; at < area.length; ) {
    const header = entryHeader(area, at);
    const nameAt = at + XATTR_ENTRY_SIZE;
    const valueAt = nameAt + header.nameLength;
    const end = valueAt + header.valueSize;
    if (end > area.length) throw new ImageError('malformed', `${what()}: one of them is longer than all`);
    // mkfs.erofs fills the room it was told to leave with zeros.
    const isFilling = header.index === 0 && header.nameLength === 0 && header.valueSize === 0;
    if (!isFilling)
      await add(header.index, byteString(area.subarray(nameAt, valueAt)), area.subarray(valueAt, end));
    at = Math.ceil(end / XATTR_UNIT) * XATTR_UNIT;
  }
  return xattrs;
}

/** The name with an ordinary prefix; one whose long prefix is not in the table stays as it is. */
async function withoutLongPrefix(
  stored: StoredXattrName,
  longPrefixes: () => Promise<readonly LongXattrPrefix[]>,
): Promise<StoredXattrName> {
  if ((stored.index & LONG_XATTR_PREFIX) === 0) return stored;
  const prefix = (await longPrefixes())[stored.index & ~LONG_XATTR_PREFIX];
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
