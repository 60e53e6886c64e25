import type { KernelVersion } from '../kernel-requirement.ts';

/** Since when Linux reads what (fs/erofs of the versions, Documentation/filesystems/erofs.rst). */
export const SINCE = {
  erofs: [5, 4],
  /** Clusters of several blocks, and the compression configurations that tell them. */
  bigClusters: [5, 13],
  /** Files in chunks, of which some may be holes. */
  chunkedFiles: [5, 15],
  lzma: [5, 16],
  deviceTable: [5, 16],
  /** Compressed ends of files beside inodes. */
  tailPacking: [5, 17],
  fragments: [6, 1],
  xattrPrefixes: [6, 4],
  smallBlocks: [6, 4],
  deflate: [6, 6],
  zstd: [6, 10],
} as const satisfies Readonly<Record<string, KernelVersion>>;
