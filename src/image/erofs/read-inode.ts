import { ImageError } from '../error.ts';
import type { Inode, InodeType } from '../file-system.ts';
import { type FileSystemBytes, readU64, viewOf } from '../file-system-bytes.ts';
import { MAP_HEADER_SIZE } from './compressed-layout.ts';
import {
  CHUNK_ADDRESS_SIZE,
  CHUNK_FORMAT,
  CHUNK_INDEX_SIZE,
  COMPACT_INODE_FIELD,
  COMPACT_INODE_SIZE,
  DATA_LAYOUT,
  DATA_LAYOUT_MASK,
  DATA_LAYOUT_SHIFT,
  EXTENDED_INODE_FIELD,
  EXTENDED_INODE_FLAG,
  EXTENDED_INODE_SIZE,
  INODE_SLOT,
  MODE_PERMISSION_MASK,
  MODE_TYPE,
  MODE_TYPE_MASK,
  XATTR_HEADER_SIZE,
  XATTR_UNIT,
} from './layout.ts';
import type { Superblock } from './read-superblock.ts';

/** An inode as it was read. */
export interface ErofsInode extends Inode {
  /** Where its extended attributes are: a byte range of the file system. */
  readonly xattrArea: { readonly offset: number; readonly size: number };
  readonly data: DataLocation;
}

/** How the content of an inode is found; see `mapContent`. */
export type DataLocation =
  /** Consecutive blocks. */
  | { readonly layout: 'plain'; readonly startBlock: number }
  /** Consecutive blocks but for the last one, whose bytes are at an offset in the file system. */
  | { readonly layout: 'inline'; readonly startBlock: number; readonly tailOffset: number }
  /** Chunks of `chunkSize` bytes, their addresses in a table at an offset in the file system. */
  | {
      readonly layout: 'chunked';
      readonly chunkSize: number;
      readonly tableOffset: number;
      readonly hasIndexes: boolean;
    }
  /** Clusters, which the header at an offset in the file system tells how to find; see `readMapHeader`. */
  | {
      readonly layout: 'compressed';
      readonly headerOffset: number;
      readonly isCompact: boolean;
      /** Blocks that the clusters take together, as the inode says. */
      readonly blocks: number;
    };

const TYPES = new Map<number, InodeType>(
  Object.entries(MODE_TYPE).map(([type, bits]) => [bits, type as InodeType]),
);

/**
 * Reads inode `nid`.
 *
 * @throws ImageError ('malformed' if it is outside the file system or breaks the rules, 'out-of-range' for a
 * data layout that is not known here).
 */
export async function readInode(
  bytes: FileSystemBytes,
  superblock: Superblock,
  nid: number,
): Promise<ErofsInode> {
  const what = (): string => `EROFS inode ${nid}`;
  const offset = superblock.metaBlock * superblock.blockSize + nid * INODE_SLOT;
  const start = viewOf(await bytes.readNear(offset, COMPACT_INODE_SIZE, what));
  const format = start.getUint16(COMPACT_INODE_FIELD.format, true);
  const isExtended = (format & EXTENDED_INODE_FLAG) !== 0;
  const layout = (format >> DATA_LAYOUT_SHIFT) & DATA_LAYOUT_MASK;
  if (format >> DATA_LAYOUT_SHIFT > DATA_LAYOUT_MASK) {
    throw new ImageError('malformed', `${what()}: the format 0x${format.toString(16)} has unknown bits`);
  }
  const inodeSize = isExtended ? EXTENDED_INODE_SIZE : COMPACT_INODE_SIZE;
  const view = isExtended ? viewOf(await bytes.readNear(offset, inodeSize, what)) : start;
  const fields = isExtended ? extendedFields(view, what) : compactFields(view, superblock);
  const mode = view.getUint16(COMPACT_INODE_FIELD.mode, true);
  const type = TYPES.get(mode & MODE_TYPE_MASK);
  if (type === undefined)
    throw new ImageError('malformed', `${what()}: the mode 0${mode.toString(8)} has no file type`);
  const xattrCount = view.getUint16(COMPACT_INODE_FIELD.xattrCount, true);
  const xattrSize = xattrCount === 0 ? 0 : XATTR_HEADER_SIZE + XATTR_UNIT * (xattrCount - 1);
  const union = view.getUint32(COMPACT_INODE_FIELD.union, true);
  const hasContent = type === 'file' || type === 'directory' || type === 'symlink';
  const isDevice = type === 'character-device' || type === 'block-device';
  const size = hasContent ? fields.size : 0;
  const end = offset + inodeSize + xattrSize;
  return {
    nid,
    type,
    ...fields,
    mode: mode & MODE_PERMISSION_MASK,
    size,
    major: isDevice ? (union >>> 8) & 0xfff : 0,
    minor: isDevice ? (union & 0xff) | ((union >>> 12) & 0xf_ff00) : 0,
    xattrArea: { offset: offset + inodeSize, size: xattrSize },
    data: dataLocation(layout, union, end, size, superblock, what),
  };
}

type Fields = Pick<ErofsInode, 'size' | 'uid' | 'gid' | 'links' | 'mtime'>;

function compactFields(view: DataView, { buildTime }: Superblock): Fields {
  return {
    size: view.getUint32(COMPACT_INODE_FIELD.size, true),
    uid: view.getUint16(COMPACT_INODE_FIELD.uid, true),
    gid: view.getUint16(COMPACT_INODE_FIELD.gid, true),
    links: view.getUint16(COMPACT_INODE_FIELD.links, true),
    mtime: buildTime,
  };
}

function extendedFields(view: DataView, what: () => string): Fields {
  const nanoseconds = view.getUint32(EXTENDED_INODE_FIELD.mtimeNanoseconds, true);
  if (nanoseconds > 999_999_999)
    throw new ImageError('malformed', `${what()}: ${nanoseconds} nanoseconds in its time`);
  return {
    size: readU64(view, EXTENDED_INODE_FIELD.size, () => `${what()}: the size`),
    uid: view.getUint32(EXTENDED_INODE_FIELD.uid, true),
    gid: view.getUint32(EXTENDED_INODE_FIELD.gid, true),
    links: view.getUint32(EXTENDED_INODE_FIELD.links, true),
    mtime: { seconds: readU64(view, EXTENDED_INODE_FIELD.mtime, () => `${what()}: the time`), nanoseconds },
  };
}

function dataLocation(
  layout: number,
  union: number,
  end: number,
  size: number,
  { blockSize }: Superblock,
  what: () => string,
): DataLocation {
  if (layout === DATA_LAYOUT.flatPlain || size === 0) return { layout: 'plain', startBlock: union };
  if (layout === DATA_LAYOUT.flatInline) {
    const tail = size - (Math.ceil(size / blockSize) - 1) * blockSize;
    if ((end % blockSize) + tail > blockSize) {
      throw new ImageError('malformed', `${what()}: the end of its content crosses a block boundary`);
    }
    return { layout: 'inline', startBlock: union, tailOffset: end };
  }
  if (layout === DATA_LAYOUT.compressedFull || layout === DATA_LAYOUT.compressedCompact) {
    return {
      layout: 'compressed',
      headerOffset: Math.ceil(end / MAP_HEADER_SIZE) * MAP_HEADER_SIZE,
      isCompact: layout === DATA_LAYOUT.compressedCompact,
      blocks: union,
    };
  }
  const knownChunkFormat = CHUNK_FORMAT.blockBitsMask | CHUNK_FORMAT.indexes;
  if (layout !== DATA_LAYOUT.chunk || (union & ~knownChunkFormat) !== 0) {
    throw new ImageError('out-of-range', `${what()}: content of this layout (${layout}) cannot be read here`);
  }
  const hasIndexes = (union & CHUNK_FORMAT.indexes) !== 0;
  const unit = hasIndexes ? CHUNK_INDEX_SIZE : CHUNK_ADDRESS_SIZE;
  return {
    layout: 'chunked',
    chunkSize: blockSize * 2 ** (union & CHUNK_FORMAT.blockBitsMask),
    tableOffset: Math.ceil(end / unit) * unit,
    hasIndexes,
  };
}
