import { byteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../byte-source.ts';
import { ImageError } from '../error.ts';
import { readU64, viewOf } from '../file-system-bytes.ts';
import {
  SUPERBLOCK_FIELD as FIELD,
  MAGIC,
  MAGIC_BIG_ENDIAN,
  MAX_BLOCK_SIZE,
  MIN_BLOCK_SIZE,
  NO_TABLE,
  SUPERBLOCK_FLAG,
  SUPERBLOCK_SIZE,
  VERSION,
} from './layout.ts';

/** A SquashFS superblock that was read and checked. */
export interface Superblock {
  readonly inodes: number;
  /** When the file system was made or last appended to: seconds since 1970. */
  readonly modificationTime: number;
  /** Bytes of a data block: a power of two from 4 KiB to 1 MiB. */
  readonly blockSize: number;
  readonly fragments: number;
  /** The number of the compressor. */
  readonly compression: number;
  /** Whether anything is compressed with it. */
  readonly isCompressed: boolean;
  /** Number of owners and groups. */
  readonly ids: number;
  /** Reference in the inode table. */
  readonly rootInode: number;
  readonly bytesUsed: number;
  /** Where the tables start: all within the file system, and inodes come before directories. */
  readonly idTable: number;
  readonly inodeTable: number;
  readonly directoryTable: number;
  readonly xattrTable: number | undefined;
  /** 0 if there are no fragments. */
  readonly fragmentTable: number;
}

/**
 * Reads and checks the superblock.
 *
 * @throws ImageError ('malformed' if this is no SquashFS, 'out-of-range' for versions that cannot be read here).
 */
export async function readSuperblock(source: ByteSource): Promise<Superblock> {
  if (source.size < SUPERBLOCK_SIZE) throw malformed(`${source.size} bytes are too few for it`);
  const bytes = await source.read(0, SUPERBLOCK_SIZE);
  const view = viewOf(bytes);
  checkVersion(bytes, view);

  const blockSize = view.getUint32(FIELD.blockSize, true);
  const blockLog = view.getUint16(FIELD.blockLog, true);
  if (blockSize < MIN_BLOCK_SIZE || blockSize > MAX_BLOCK_SIZE || blockSize !== 2 ** blockLog) {
    throw malformed(`blocks of ${blockSize} bytes (2^${blockLog})`);
  }
  const bytesUsed = readU64(view, FIELD.bytesUsed, () => 'SquashFS superblock: the size');
  if (bytesUsed < SUPERBLOCK_SIZE || bytesUsed > source.size) {
    throw malformed(`it says that ${bytesUsed} bytes are used, of ${source.size}`);
  }
  const table = (field: number, name: string): number => {
    const start = view.getBigUint64(field, true);
    if (start >= SUPERBLOCK_SIZE && start < bytesUsed) return Number(start);
    throw malformed(`the table of ${name} is outside the file system`);
  };
  const hasXattrs = view.getBigUint64(FIELD.xattrTable, true) !== NO_TABLE;
  const fragments = view.getUint32(FIELD.fragments, true);
  const superblock = {
    inodes: view.getUint32(FIELD.inodes, true),
    modificationTime: view.getUint32(FIELD.modificationTime, true),
    blockSize,
    fragments,
    compression: view.getUint16(FIELD.compression, true),
    isCompressed: isCompressed(view.getUint16(FIELD.flags, true)),
    ids: view.getUint16(FIELD.ids, true),
    rootInode: readU64(view, FIELD.rootInode, () => 'SquashFS superblock: where the root is'),
    bytesUsed,
    idTable: table(FIELD.idTable, 'owners'),
    inodeTable: table(FIELD.inodeTable, 'inodes'),
    directoryTable: table(FIELD.directoryTable, 'directories'),
    xattrTable: hasXattrs ? table(FIELD.xattrTable, 'extended attributes') : undefined,
    fragmentTable: fragments === 0 ? 0 : table(FIELD.fragmentTable, 'fragments'),
  };
  if (superblock.inodeTable >= superblock.directoryTable) {
    throw malformed('the inodes are not before the directories');
  }
  return superblock;
}

function checkVersion(bytes: Uint8Array, view: DataView): void {
  const magic = byteString(bytes.subarray(FIELD.magic, FIELD.magic + MAGIC.length));
  if (magic === MAGIC_BIG_ENDIAN) {
    throw new ImageError('out-of-range', 'SquashFS superblock: it is big-endian, so of a version before 4', {
      hint: 'make the image anew with mksquashfs 4.0 or later',
    });
  }
  if (magic !== MAGIC) throw malformed('the magic number is missing');
  const major = view.getUint16(FIELD.major, true);
  const minor = view.getUint16(FIELD.minor, true);
  if (major === VERSION.major && minor === VERSION.minor) return;
  throw new ImageError('out-of-range', `SquashFS superblock: version ${major}.${minor} cannot be read here`, {
    hint: 'make the image anew with mksquashfs 4.0 or later',
  });
}

function isCompressed(flags: number): boolean {
  const { plainData, plainFragments, plainInodes, plainXattrs } = SUPERBLOCK_FLAG;
  const allPlain = plainData | plainFragments | plainInodes | plainXattrs;
  return (flags & allPlain) !== allPlain;
}

function malformed(cause: string): ImageError {
  return new ImageError('malformed', `SquashFS superblock: ${cause}`);
}
