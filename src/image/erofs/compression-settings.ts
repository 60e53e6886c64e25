import { BLOCK_SIZE } from '../block-sink.ts';
import { FittingEncoder } from '../compression/fitting-encoder.ts';
import { Lz4FastEncoder } from '../compression/lz4-fast-encoder.ts';
import { LZ4HC_LEVELS, Lz4HighEncoder } from '../compression/lz4-high-encoder.ts';
import type { PieceEncoder } from '../compression/piece-encoder.ts';
import type { Compressors } from '../compressors.ts';
import { ImageError } from '../error.ts';
import type { Algorithm } from './compressed-layout.ts';

/** What content can be compressed with, by the names that `mkfs.erofs` has for them. */
export const COMPRESSION_METHODS = {
  lz4: { algorithm: 'lz4', lowest: 1, highest: 1, usual: 1 },
  lz4hc: { algorithm: 'lz4', ...LZ4HC_LEVELS },
  deflate: { algorithm: 'deflate', lowest: 1, highest: 9, usual: 6 },
  zstd: { algorithm: 'zstd', lowest: 1, highest: 22, usual: 3 },
} as const satisfies Readonly<Record<string, CompressionMethod>>;
export type CompressionMethodName = keyof typeof COMPRESSION_METHODS;

interface CompressionMethod {
  readonly algorithm: Algorithm;
  readonly lowest: number;
  readonly highest: number;
  readonly usual: number;
}

/** Sizes that a physical cluster may have, in bytes. */
export const CLUSTER_SIZES = [4096, 8192, 16_384, 32_768, 65_536] as const;

/** How the content of files is compressed. Plain data, so that threads can be told. */
export interface CompressionSettings {
  readonly method: CompressionMethodName;
  readonly level: number;
  /** Largest size of a physical cluster (pcluster), one of {@link CLUSTER_SIZES}. */
  readonly clusterSize: number;
  /** Whether the ends of compressed files may be beside the inode, which takes Linux 5.17. */
  readonly tailPacking: boolean;
}

/** How many pclusters the window of zstd has. */
const WINDOW_CLUSTERS = 8;
/**
 * Most bytes of content in a pcluster, for compressors that only know whole pieces: what is before a byte in its pcluster is
 * decompressed, too, when that byte is read.
 */
const LONGEST_PIECE = 1 << 20;

/** @throws ImageError ('out-of-range') for settings that are not possible. */
export function checkCompressionSettings({ method, level, clusterSize }: CompressionSettings): void {
  const { lowest, highest } = COMPRESSION_METHODS[method];
  if (!Number.isInteger(level) || level < lowest || level > highest)
    throw new ImageError('out-of-range', `${method} has levels from ${lowest} to ${highest}, not ${level}`);
  if (!CLUSTER_SIZES.some((size) => size === clusterSize))
    throw new ImageError('out-of-range', `a cluster cannot have ${clusterSize} bytes`);
}

/** Log2 of the window that zstd may use, which every decompressor in the kernel sets memory aside for. */
export function zstdWindowBits({ clusterSize }: CompressionSettings): number {
  return Math.log2(clusterSize * WINDOW_CLUSTERS);
}

/** Whether a pcluster may have more than one block, which takes Linux 5.13. */
export function hasBigClusters({ clusterSize }: CompressionSettings): boolean {
  return clusterSize > BLOCK_SIZE;
}

/** The encoder for some settings; each thread has its own. */
export function createEncoder(settings: CompressionSettings, compressors: Compressors): PieceEncoder {
  const { method, level } = settings;
  switch (method) {
    case 'lz4':
      return new Lz4FastEncoder();
    case 'lz4hc':
      return new Lz4HighEncoder(level);
    case 'deflate':
      return new FittingEncoder(compressors.deflate(level), LONGEST_PIECE);
    case 'zstd':
      return new FittingEncoder(compressors.zstd(level, zstdWindowBits(settings)), LONGEST_PIECE);
  }
}
