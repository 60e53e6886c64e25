import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import {
  XATTR_ENTRY_FIELD,
  XATTR_ENTRY_SIZE,
  XATTR_HEADER_SIZE,
  XATTR_SHARED_COUNT_OFFSET,
  XATTR_UNIT,
} from './layout.ts';
import { type FileSystemBytes, viewOf } from './read-bytes.ts';
import type { ErofsInode } from './read-inode.ts';
import { fullXattrName } from './xattr-name.ts';

/**
 * The extended attributes of an inode, those it shares first.
 *
 * @param sharedOffset Byte in the file system from which shared attributes count.
 * @throws ImageError ('malformed')
 */
export async function readXattrs(
  bytes: FileSystemBytes,
  sharedOffset: number,
  { nid, xattrArea }: ErofsInode,
): Promise<Map<ByteString, Uint8Array>> {
  const xattrs = new Map<ByteString, Uint8Array>();
  if (xattrArea.size === 0) return xattrs;
  const what = (): string => `EROFS inode ${nid}: its extended attributes`;
  const add = (index: number, suffix: ByteString, value: Uint8Array): void => {
    const name = fullXattrName({ index, suffix });
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
    add(
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
    add(header.index, byteString(area.subarray(nameAt, valueAt)), area.subarray(valueAt, end));
    at = Math.ceil(end / XATTR_UNIT) * XATTR_UNIT;
  }
  return xattrs;
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
