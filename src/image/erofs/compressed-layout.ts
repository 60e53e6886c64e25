/**
 * Offsets, bits and limits of compressed inodes, little-endian throughout.
 *
 * Source: Linux 6.12 `fs/erofs/erofs_fs.h` (`struct z_erofs_map_header`, `struct z_erofs_lcluster_index`) and `zmap.c`.
 */

/** `Z_EROFS_COMPRESSION_*`: the number of an algorithm is its place here, and its bit in the superblock. */
export const ALGORITHMS = ['lz4', 'lzma', 'deflate', 'zstd'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Largest pcluster, in bytes (`Z_EROFS_PCLUSTER_MAX_SIZE`). */
export const MAX_PCLUSTER_SIZE = 1 << 20;
/** Most bytes that a pcluster decodes to (`Z_EROFS_PCLUSTER_MAX_DSIZE`). */
export const MAX_EXTENT_SIZE = 12 << 20;

/** `struct z_erofs_map_header`, at a multiple of its size behind inode and attributes. */
export const MAP_HEADER_SIZE = 8;
export const MAP_HEADER_FIELD = {
  fragmentOffset: 0,
  inlineSize: 2,
  advise: 4,
  algorithms: 6,
  clusterBits: 7,
} as const;
/** Of the clusterBits: the whole file is a fragment, and the header otherwise its offset. */
export const FRAGMENT_INODE_FLAG = 0x80;
/** Of the clusterBits: log2 of the blocks in an lcluster. */
export const LCLUSTER_BITS_MASK = 7;
/** `Z_EROFS_ADVISE_*`. */
export const ADVISE = {
  compacted2B: 1,
  bigPcluster1: 2,
  bigPcluster2: 4,
  inlinePcluster: 8,
  interlacedPcluster: 0x10,
  fragmentPcluster: 0x20,
} as const;

/** `Z_EROFS_LCLUSTER_TYPE_*`: all but `nonHead` begin an extent. */
export const LCLUSTER_TYPE = { plain: 0, head1: 1, nonHead: 2, head2: 3 } as const;
export const LCLUSTER_TYPE_MASK = 3;
/** Of a distance: the other bits are the pcluster's blocks, and the distance is 1. */
export const BLOCK_COUNT_FLAG = 0x800;

/** `struct z_erofs_lcluster_index`, the first one this far behind the map header. */
export const FULL_INDEX_GAP = 8;
export const FULL_INDEX_SIZE = 8;
export const FULL_INDEX_FIELD = { advise: 0, clusterOffset: 2, block: 4, distance: 4 } as const;

/** Compact indexes come in packs, each ending with a block address of 4 bytes. */
export const PACK_ADDRESS_SIZE = 4;
/** Two lclusters of 4 bytes each. */
export const SMALL_PACK = { size: 8, lclusters: 2 } as const;
/** 16 lclusters of 2 bytes each; at multiples of its size. */
export const LARGE_PACK = { size: 32, lclusters: 16 } as const;
/** Bits of the number in a packed entry are at least these, the type follows. */
export const PACKED_NUMBER_BITS = 12;
/** Greatest log2 of an lcluster's bytes for packs of either kind. */
export const MAX_LCLUSTER_BITS = { small: 14, large: 12 } as const;
