import { BLOCK_SIZE } from '../block-sink.ts';
import { isOlderKernel, type KernelRequirement } from '../kernel-requirement.ts';
import { SINCE } from './kernel-features.ts';
import { FEATURE_INCOMPAT } from './layout.ts';
import type { Superblock } from './read-superblock.ts';

/** A feature, and since when Linux knows it. */
interface Feature extends KernelRequirement {
  readonly isUsed: (superblock: Superblock) => boolean;
}

const incompat =
  (bit: number) =>
  ({ featureIncompat }: Superblock): boolean =>
    (featureIncompat & bit) !== 0;

/** By version, the newest first. */
const FEATURES: readonly Feature[] = [
  {
    version: SINCE.zstd,
    reason: 'is compressed with zstd',
    isUsed: ({ algorithms }) => algorithms.includes('zstd'),
  },
  {
    version: SINCE.deflate,
    reason: 'is compressed with DEFLATE',
    isUsed: ({ algorithms }) => algorithms.includes('deflate'),
  },
  {
    version: SINCE.smallBlocks,
    reason: 'has blocks that are smaller than a page',
    isUsed: ({ blockSize }) => blockSize < BLOCK_SIZE,
  },
  {
    version: SINCE.xattrPrefixes,
    reason: 'has long prefixes of extended attributes',
    isUsed: incompat(FEATURE_INCOMPAT.xattrPrefixes),
  },
  { version: SINCE.fragments, reason: 'has fragments', isUsed: incompat(FEATURE_INCOMPAT.fragments) },
  {
    version: SINCE.tailPacking,
    reason: 'has compressed ends of files beside inodes',
    isUsed: incompat(FEATURE_INCOMPAT.tailPacking),
  },
  {
    version: SINCE.lzma,
    reason: 'is compressed with LZMA',
    isUsed: ({ algorithms }) => algorithms.includes('lzma'),
  },
  {
    version: SINCE.deviceTable,
    reason: 'has more than one device, or compression algorithm',
    isUsed: incompat(FEATURE_INCOMPAT.deviceTable),
  },
  {
    version: SINCE.chunkedFiles,
    reason: 'has files with holes',
    isUsed: incompat(FEATURE_INCOMPAT.chunkedFile),
  },
  {
    version: SINCE.bigClusters,
    reason: 'is compressed in clusters of several blocks',
    isUsed: incompat(FEATURE_INCOMPAT.compressionConfigs),
  },
];
const EROFS: KernelRequirement = { version: SINCE.erofs, reason: 'is EROFS' };

/** The oldest Linux that knows all features of a file system. Distributions may have built theirs without some. */
export function kernelRequirement(superblock: Superblock): KernelRequirement {
  let newest = EROFS;
  for (const { version, reason, isUsed } of FEATURES) {
    if (isUsed(superblock) && isOlderKernel(newest.version, version)) newest = { version, reason };
  }
  return newest;
}
