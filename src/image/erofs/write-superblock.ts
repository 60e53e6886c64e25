import { BLOCK_SIZE } from '../block-sink.ts';
import { crc32c } from './crc32c.ts';
import {
  EROFS_MAGIC,
  FEATURE_COMPAT,
  FEATURE_INCOMPAT,
  SUPERBLOCK_FIELD as FIELD,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
} from './layout.ts';
import type { Timestamp } from './tree.ts';

/** What the superblock of an image says. */
export interface SuperblockValues {
  readonly rootNid: number;
  readonly inodes: number;
  readonly buildTime: Timestamp;
  /** Size of the file system in blocks, 1 to 2^32 − 1. */
  readonly blocks: number;
  /** Address from which inode numbers count. */
  readonly metaBlock: number;
  /** Address of the shared extended attributes. */
  readonly xattrBlock: number;
  /** 16 bytes in the order of RFC 9562. */
  readonly uuid: Uint8Array;
  readonly hasChunkedFiles: boolean;
}

/** The first block of an image: zeros and the superblock, with its check sum. */
export function writeSuperblock(values: SuperblockValues): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE);
  const view = new DataView(block.buffer, SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE);
  view.setUint32(FIELD.magic, EROFS_MAGIC, true);
  view.setUint32(FIELD.featureCompat, FEATURE_COMPAT.checksum | FEATURE_COMPAT.mtime, true);
  view.setUint8(FIELD.blockBits, Math.log2(BLOCK_SIZE));
  view.setUint16(FIELD.rootNid, values.rootNid, true);
  view.setBigUint64(FIELD.inodes, BigInt(values.inodes), true);
  view.setBigUint64(FIELD.epoch, BigInt(values.buildTime.seconds), true);
  view.setUint32(FIELD.epochNanoseconds, values.buildTime.nanoseconds, true);
  view.setUint32(FIELD.blocks, values.blocks, true);
  view.setUint32(FIELD.metaBlock, values.metaBlock, true);
  view.setUint32(FIELD.xattrBlock, values.xattrBlock, true);
  block.set(values.uuid, SUPERBLOCK_OFFSET + FIELD.uuid);
  view.setUint32(FIELD.featureIncompat, values.hasChunkedFiles ? FEATURE_INCOMPAT.chunkedFile : 0, true);
  view.setUint32(FIELD.checksum, crc32c(block.subarray(SUPERBLOCK_OFFSET)), true);
  return block;
}
