import { ImageError } from '../error.ts';
import type { Inode, InodeType } from '../file-system.ts';
import { readU64, viewOf } from '../file-system-bytes.ts';
import {
  BASIC_TYPE,
  DEVICE_FIELD,
  DEVICE_INODE_SIZE,
  DIRECTORY_FIELD,
  DIRECTORY_INODE_SIZE,
  DIRECTORY_SIZE_EXTRA,
  EXTENDED_DIRECTORY_FIELD,
  EXTENDED_DIRECTORY_INODE_SIZE,
  EXTENDED_FILE_FIELD,
  EXTENDED_FILE_INODE_SIZE,
  EXTENDED_TYPE,
  FILE_FIELD,
  FILE_INODE_SIZE,
  INODE_FIELD,
  INODE_HEADER_SIZE,
  MAX_SYMLINK_LENGTH,
  MODE_PERMISSION_MASK,
  NO_FRAGMENT,
  NO_XATTR,
  SPECIAL_FIELD,
  SPECIAL_INODE_SIZE,
  SYMLINK_FIELD,
  SYMLINK_INODE_SIZE,
  XATTR_INDEX_SIZE,
} from './layout.ts';
import type { LookupTable } from './lookup-table.ts';
import { type Metadata, MetadataCursor, type MetadataTable } from './metadata.ts';

/** An inode as it was read; its `nid` is the inode number. */
export interface SquashfsInode extends Inode {
  /** Where it is in the inode table. */
  readonly reference: number;
  /** Index of its extended attributes. */
  readonly xattrIndex: number | undefined;
  readonly data: DataLocation;
}

/** Where what belongs to an inode is. */
export type DataLocation =
  /** `size` bytes of entries, in the table of directories. */
  | { readonly kind: 'entries'; readonly reference: number; readonly size: number }
  | FileData
  /** The target of a link, in the inode table. */
  | { readonly kind: 'target'; readonly reference: number }
  | { readonly kind: 'none' };

/** Content of a file: blocks one behind the other, and perhaps a last part that is in a fragment block. */
export interface FileData {
  readonly kind: 'blocks';
  /** Where the first block is in the file system. */
  readonly start: number;
  /** Where the sizes of the blocks are, in the inode table. */
  readonly sizesReference: number;
  /** Which fragment block the last, incomplete block is in, and where in it. */
  readonly fragment: { readonly index: number; readonly offset: number } | undefined;
}

/** What the form of an inode says, beyond the header that all have. */
interface Details {
  readonly links: number;
  readonly size: number;
  readonly device?: number;
  readonly xattrIndex: number;
  readonly data: DataLocation;
}

const TYPES = new Map<number, InodeType>(
  Object.entries(BASIC_TYPE).map(([type, value]) => [value, type as InodeType]),
);

/** The type that a number in a directory entry stands for. */
export function typeOfEntry(value: number): InodeType | undefined {
  return TYPES.get(value);
}

/**
 * Reads the inode at a reference.
 *
 * @param ids The table of owners and groups.
 * @throws ImageError ('malformed' if it is outside the table or breaks the rules, 'out-of-range' for sizes above 2^53).
 */
export async function readInode(
  metadata: Metadata,
  table: MetadataTable,
  ids: LookupTable,
  reference: number,
): Promise<SquashfsInode> {
  const cursor = new MetadataCursor(metadata, table, reference);
  const header = viewOf(await cursor.read(INODE_HEADER_SIZE));
  const nid = header.getUint32(INODE_FIELD.number, true);
  const what = (): string => `SquashFS inode ${nid}`;
  const value = header.getUint16(INODE_FIELD.type, true);
  const isExtended = value > EXTENDED_TYPE;
  const type = TYPES.get(isExtended ? value - EXTENDED_TYPE : value);
  if (type === undefined) throw new ImageError('malformed', `${what()}: it has no known type (${value})`);
  const details = await readDetails(cursor, type, isExtended, what);
  const id = async (field: number): Promise<number> =>
    (await ids.record(header.getUint16(field, true))).getUint32(0, true);
  const device = details.device ?? 0;
  return {
    nid,
    type,
    mode: header.getUint16(INODE_FIELD.mode, true) & MODE_PERMISSION_MASK,
    uid: await id(INODE_FIELD.uid),
    gid: await id(INODE_FIELD.gid),
    mtime: { seconds: header.getUint32(INODE_FIELD.mtime, true), nanoseconds: 0 },
    links: details.links,
    size: details.size,
    major: (device >>> 8) & 0xfff,
    minor: (device & 0xff) | ((device >>> 12) & 0xfff00),
    reference,
    xattrIndex: details.xattrIndex === NO_XATTR ? undefined : details.xattrIndex,
    data: details.data,
  };
}

async function readDetails(
  cursor: MetadataCursor,
  type: InodeType,
  isExtended: boolean,
  what: () => string,
): Promise<Details> {
  switch (type) {
    case 'directory':
      return isExtended ? readExtendedDirectory(cursor, what) : readDirectory(cursor, what);
    case 'file':
      return isExtended ? readExtendedFile(cursor, what) : readFile(cursor);
    case 'symlink':
      return readSymlink(cursor, isExtended, what);
    case 'block-device':
    case 'character-device': {
      const view = viewOf(await cursor.read(DEVICE_INODE_SIZE));
      return {
        links: view.getUint32(DEVICE_FIELD.links, true),
        size: 0,
        device: view.getUint32(DEVICE_FIELD.device, true),
        xattrIndex: await readXattrIndex(cursor, isExtended),
        data: { kind: 'none' },
      };
    }
    case 'fifo':
    case 'socket': {
      const view = viewOf(await cursor.read(SPECIAL_INODE_SIZE));
      return {
        links: view.getUint32(SPECIAL_FIELD.links, true),
        size: 0,
        xattrIndex: await readXattrIndex(cursor, isExtended),
        data: { kind: 'none' },
      };
    }
  }
}

async function readDirectory(cursor: MetadataCursor, what: () => string): Promise<Details> {
  const view = viewOf(await cursor.read(DIRECTORY_INODE_SIZE));
  const size = view.getUint16(DIRECTORY_FIELD.size, true);
  const block = view.getUint32(DIRECTORY_FIELD.block, true);
  return {
    links: view.getUint32(DIRECTORY_FIELD.links, true),
    size,
    xattrIndex: NO_XATTR,
    data: entriesAt(block, view.getUint16(DIRECTORY_FIELD.offset, true), size, what),
  };
}

/** The index by names that follows is left unread: it only shortens the way to a name. */
async function readExtendedDirectory(cursor: MetadataCursor, what: () => string): Promise<Details> {
  const field = EXTENDED_DIRECTORY_FIELD;
  const view = viewOf(await cursor.read(EXTENDED_DIRECTORY_INODE_SIZE));
  const size = view.getUint32(field.size, true);
  const block = view.getUint32(field.block, true);
  return {
    links: view.getUint32(field.links, true),
    size,
    xattrIndex: view.getUint32(field.xattr, true),
    data: entriesAt(block, view.getUint16(field.offset, true), size, what),
  };
}

function entriesAt(block: number, offset: number, size: number, what: () => string): DataLocation {
  if (size < DIRECTORY_SIZE_EXTRA) {
    throw new ImageError('malformed', `${what()}: a directory of ${size} bytes`);
  }
  return { kind: 'entries', reference: block * 0x10000 + offset, size: size - DIRECTORY_SIZE_EXTRA };
}

async function readFile(cursor: MetadataCursor): Promise<Details> {
  const view = viewOf(await cursor.read(FILE_INODE_SIZE));
  const fragment = view.getUint32(FILE_FIELD.fragment, true);
  return {
    links: 1,
    size: view.getUint32(FILE_FIELD.size, true),
    xattrIndex: NO_XATTR,
    data: {
      kind: 'blocks',
      start: view.getUint32(FILE_FIELD.start, true),
      sizesReference: cursor.reference,
      fragment: fragmentAt(fragment, view.getUint32(FILE_FIELD.offset, true)),
    },
  };
}

async function readExtendedFile(cursor: MetadataCursor, what: () => string): Promise<Details> {
  const field = EXTENDED_FILE_FIELD;
  const view = viewOf(await cursor.read(EXTENDED_FILE_INODE_SIZE));
  const fragment = view.getUint32(field.fragment, true);
  return {
    links: view.getUint32(field.links, true),
    size: readU64(view, field.size, () => `${what()}: its size`),
    xattrIndex: view.getUint32(field.xattr, true),
    data: {
      kind: 'blocks',
      start: readU64(view, field.start, () => `${what()}: where its content starts`),
      sizesReference: cursor.reference,
      fragment: fragmentAt(fragment, view.getUint32(field.offset, true)),
    },
  };
}

function fragmentAt(index: number, offset: number): FileData['fragment'] {
  return index === NO_FRAGMENT ? undefined : { index, offset };
}

async function readSymlink(
  cursor: MetadataCursor,
  isExtended: boolean,
  what: () => string,
): Promise<Details> {
  const view = viewOf(await cursor.read(SYMLINK_INODE_SIZE));
  const size = view.getUint32(SYMLINK_FIELD.size, true);
  if (size === 0 || size > MAX_SYMLINK_LENGTH) {
    throw new ImageError('malformed', `${what()}: a target of ${size} bytes`);
  }
  const { reference } = cursor;
  if (isExtended) await cursor.read(size);
  return {
    links: view.getUint32(SYMLINK_FIELD.links, true),
    size,
    xattrIndex: await readXattrIndex(cursor, isExtended),
    data: { kind: 'target', reference },
  };
}

async function readXattrIndex(cursor: MetadataCursor, isExtended: boolean): Promise<number> {
  return isExtended ? viewOf(await cursor.read(XATTR_INDEX_SIZE)).getUint32(0, true) : NO_XATTR;
}
