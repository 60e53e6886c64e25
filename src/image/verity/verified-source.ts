import type { ByteSource } from '../byte-source.ts';
import { ImageError } from '../error.ts';
import { differingBlocks } from './compare-digests.ts';
import type { HashTreeSource } from './open-tree.ts';

/**
 * The data below a hash tree, of which every block is verified whenever it is read, as dm-verity does. The tree itself
 * must have been verified before, see `verifyHashTree`.
 */
export class VerifiedSource implements ByteSource {
  readonly size: number;
  readonly #tree: HashTreeSource;

  constructor(tree: HashTreeSource) {
    const { dataBlocks, dataBlockSize } = tree.superblock;
    this.size = dataBlocks * dataBlockSize;
    this.#tree = tree;
  }

  /** @throws ImageError ('malformed') for a block that does not match the tree. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    // No bytes are in no block, so none is to be proven for them.
    if (length === 0) return new Uint8Array();
    const { superblock, geometry, hasher, data, hash } = this.#tree;
    const { dataBlockSize, salt } = superblock;
    const first = Math.floor(offset / dataBlockSize);
    const count = Math.ceil((offset + length) / dataBlockSize) - first;
    const blocks = await data.read(first * dataBlockSize, count * dataBlockSize);
    const leaves = geometry.levels.at(-1);
    // Without levels the root hash itself is the digest of the only block, which was compared with it.
    if (leaves !== undefined) {
      const { stride } = geometry;
      const [digests, expected] = await Promise.all([
        hasher.hashBlocks(salt, blocks, dataBlockSize),
        hash.read(leaves.offset + first * stride, count * stride),
      ]);
      const [bad] = differingBlocks(digests, hasher.digestSize, expected, stride, count);
      if (bad !== undefined) {
        throw new ImageError('malformed', `data block ${first + bad} does not match the hash tree`);
      }
    }
    const start = offset - first * dataBlockSize;
    return blocks.subarray(start, start + length);
  }
}
