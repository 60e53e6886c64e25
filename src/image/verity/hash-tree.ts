import type { BlockHasher } from '../block-hasher.ts';
import { BLOCK_SIZE } from '../block-sink.ts';
import { DIGESTS_PER_BLOCK, DigestList } from './digest-list.ts';

/** A complete hash tree. */
export interface HashTree {
  /** The digest of the only block of the top level, or of the only data block. */
  readonly rootHash: Uint8Array;
  /** In the order of the hash partition, the top level first. Empty for one data block. */
  readonly levels: readonly DigestList[];
}

/** Blocks that the tree over `dataBlocks` (1 or more) blocks takes, without the superblock. */
export function hashTreeBlocks(dataBlocks: number): number {
  let total = 0;
  for (let count = dataBlocks; count > 1; ) {
    count = Math.ceil(count / DIGESTS_PER_BLOCK);
    total += count;
  }
  return total;
}

/**
 * Builds the upper levels of a hash tree (Linux drivers/md/dm-verity-target.c): level n + 1 holds the digests of the
 * blocks of level n, up to a level of one block.
 *
 * @param leaves The digests of the data blocks, at least one; they become the lowest level.
 */
export async function buildHashTree(
  leaves: DigestList,
  hasher: BlockHasher,
  salt: Uint8Array,
): Promise<HashTree> {
  const levels: DigestList[] = [];
  let digests = leaves;
  while (digests.count > 1) {
    levels.unshift(digests);
    const above = new DigestList();
    for (const blocks of digests.blocks()) above.append(await hasher.hashBlocks(salt, blocks, BLOCK_SIZE));
    digests = above;
  }
  return { rootHash: digests.slice(0, 1), levels };
}
