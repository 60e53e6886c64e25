import { ImageError } from '../error.ts';
import type { VeritySuperblock } from './superblock.ts';

/** One level of a hash tree on disk. */
export interface TreeLevel {
  /** Where its first block is, in bytes from the start of the hash partition. */
  readonly offset: number;
  readonly blocks: number;
  /** Digests in it: blocks of the level below, or of the data. */
  readonly digests: number;
}

/** Where the parts of a hash tree are. */
export interface TreeGeometry {
  /** Bytes from one digest to the next: the digest filled with zeros to a power of two. */
  readonly stride: number;
  /** From the top, which is one block; empty for one data block. */
  readonly levels: readonly TreeLevel[];
  /** Bytes of the hash partition that are in use. */
  readonly size: number;
}

/**
 * Lays out the tree that a superblock describes (Linux drivers/md/dm-verity-target.c: `verity_ctr`), for hash type 1.
 *
 * @param digestSize Bytes in a digest.
 * @throws ImageError ('malformed') where a block does not hold two digests, so that the tree would have no end.
 */
export function treeGeometry(
  { dataBlocks, hashBlockSize }: VeritySuperblock,
  digestSize: number,
): TreeGeometry {
  const perBlock = 2 ** Math.floor(Math.log2(hashBlockSize / digestSize));
  if (perBlock < 2) {
    throw new ImageError(
      'malformed',
      `verity superblock: hash blocks of ${hashBlockSize} bytes for digests of ${digestSize}`,
    );
  }
  const counts: { blocks: number; digests: number }[] = [];
  for (let digests = dataBlocks; digests > 1; ) {
    const blocks = Math.ceil(digests / perBlock);
    counts.unshift({ blocks, digests });
    digests = blocks;
  }
  // The tree begins with the block after the superblock's.
  let offset = hashBlockSize;
  const levels = counts.map(({ blocks, digests }) => {
    const level = { offset, blocks, digests };
    offset += blocks * hashBlockSize;
    return level;
  });
  return { stride: hashBlockSize / perBlock, levels, size: offset };
}
