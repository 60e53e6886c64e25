import { BLOCK_SIZE } from '../block-sink.ts';
import { LZ4_MAX_DISTANCE } from '../compression/lz4-block.ts';
import { ALGORITHMS } from './compressed-layout.ts';
import {
  COMPRESSION_METHODS,
  type CompressionSettings,
  hasBigClusters,
  zstdWindowBits,
} from './compression-settings.ts';
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
  /** Undefined where no file is compressed. */
  readonly compression: CompressionFeatures | undefined;
}

/** What readers must know to read compressed files. */
export interface CompressionFeatures {
  readonly settings: CompressionSettings;
  /** Whether the end of a file is beside its inode. */
  readonly hasTails: boolean;
}

/** A configuration (`struct z_erofs_lz4_cfgs` and its like) has its length before it, which is that of the structure. */
const CONFIG_LENGTH_SIZE = 2;
const CONFIG_SIZES = { lz4: 14, deflate: 6, zstd: 6 } as const;
const DEFLATE_WINDOW_BITS = 15;
/** From which zstd's windows are counted (`ZSTD_WINDOWLOG_ABSOLUTEMIN`). */
const ZSTD_WINDOW_BITS_LEAST = 10;

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
  let features = values.hasChunkedFiles ? FEATURE_INCOMPAT.chunkedFile : 0;
  if (values.compression !== undefined) features |= writeCompression(block, values.compression);
  view.setUint32(FIELD.featureIncompat, features, true);
  view.setUint32(FIELD.checksum, crc32c(block.subarray(SUPERBLOCK_OFFSET)), true);
  return block;
}

/** Writes what the superblock says of compression, and returns the features that it stands for. */
function writeCompression(block: Uint8Array, { settings, hasTails }: CompressionFeatures): number {
  const { algorithm } = COMPRESSION_METHODS[settings.method];
  const view = new DataView(block.buffer, SUPERBLOCK_OFFSET);
  let features = FEATURE_INCOMPAT.zeroPadding;
  if (hasTails) features |= FEATURE_INCOMPAT.tailPacking;
  if (algorithm === 'lz4' && !hasBigClusters(settings)) {
    // As it was before there were configurations, for kernels from 5.4 on.
    view.setUint16(FIELD.compression, LZ4_MAX_DISTANCE, true);
    return features;
  }
  view.setUint16(FIELD.compression, 1 << ALGORITHMS.indexOf(algorithm), true);
  const config = new DataView(block.buffer, SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE);
  config.setUint16(0, CONFIG_SIZES[algorithm], true);
  const content = CONFIG_LENGTH_SIZE;
  if (algorithm === 'lz4') {
    config.setUint16(content, LZ4_MAX_DISTANCE, true);
    config.setUint16(content + 2, settings.clusterSize / BLOCK_SIZE, true);
  } else if (algorithm === 'deflate') {
    config.setUint8(content, DEFLATE_WINDOW_BITS);
  } else {
    config.setUint8(content + 1, zstdWindowBits(settings) - ZSTD_WINDOW_BITS_LEAST);
  }
  return features | FEATURE_INCOMPAT.compressionConfigs;
}
