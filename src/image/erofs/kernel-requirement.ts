import { BLOCK_SIZE } from '../block-sink.ts';
import { isOlderKernel, type KernelRequirement } from '../kernel-requirement.ts';
import { FEATURE_INCOMPAT } from './layout.ts';
import type { Superblock } from './read-superblock.ts';

/** A feature, and since when Linux knows it (fs/erofs of the versions, Documentation/filesystems/erofs.rst). */
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
    version: [6, 10],
    reason: 'is compressed with zstd',
    isUsed: ({ algorithms }) => algorithms.includes('zstd'),
  },
  {
    version: [6, 6],
    reason: 'is compressed with DEFLATE',
    isUsed: ({ algorithms }) => algorithms.includes('deflate'),
  },
  {
    version: [6, 4],
    reason: 'has blocks that are smaller than a page',
    isUsed: ({ blockSize }) => blockSize < BLOCK_SIZE,
  },
  {
    version: [6, 4],
    reason: 'has long prefixes of extended attributes',
    isUsed: incompat(FEATURE_INCOMPAT.xattrPrefixes),
  },
  { version: [6, 1], reason: 'has fragments', isUsed: incompat(FEATURE_INCOMPAT.fragments) },
  {
    version: [5, 17],
    reason: 'has compressed ends of files beside inodes',
    isUsed: incompat(FEATURE_INCOMPAT.tailPacking),
  },
  {
    version: [5, 16],
    reason: 'is compressed with LZMA',
    isUsed: ({ algorithms }) => algorithms.includes('lzma'),
  },
  {
    version: [5, 16],
    reason: 'has more than one device, or compression algorithm',
    isUsed: incompat(FEATURE_INCOMPAT.deviceTable),
  },
  { version: [5, 15], reason: 'has files with holes', isUsed: incompat(FEATURE_INCOMPAT.chunkedFile) },
  {
    version: [5, 13],
    reason: 'is compressed in clusters of several blocks',
    isUsed: incompat(FEATURE_INCOMPAT.compressionConfigs),
  },
];
const EROFS: KernelRequirement = { version: [5, 4], reason: 'is EROFS' };

/** The oldest Linux that knows all features of a file system. Distributions may have built theirs without some. */
export function kernelRequirement(superblock: Superblock): KernelRequirement {
  let newest = EROFS;
  for (const { version, reason, isUsed } of FEATURES) {
    if (isUsed(superblock) && isOlderKernel(newest.version, version)) newest = { version, reason };
  }
  return newest;
}
