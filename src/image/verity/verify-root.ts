import { hexText } from '../../base/hex.ts';
import type { ImageFinding } from '../image-finding.ts';
import { differingBlocks } from './compare-digests.ts';
import type { HashTreeSource, VerityCode } from './open-tree.ts';

/** Bytes below the top block that are looked at to tell whose fault a wrong root hash is. */
const SAMPLE_SIZE = 1024 * 1024;

/** The root hash that a tree has: the digest of its top block, or of the only data block. */
export async function computeRootHash(tree: HashTreeSource): Promise<Uint8Array> {
  const { block, size } = await readTop(tree);
  return tree.hasher.hashBlocks(tree.superblock.salt, block, size);
}

/**
 * What to say of a tree whose root hash is not `expected`.
 *
 * The salt, too, decides a root hash: if the top block's digests are right for blocks below it, the salt is right and
 * the top block was changed; if none is, the superblock was.
 *
 * @param found, expected Lower-case hexadecimal.
 */
export async function rootHashFinding(
  tree: HashTreeSource,
  found: string,
  expected: string,
): Promise<ImageFinding<VerityCode>> {
  const finding = {
    code: 'root-hash-mismatch',
    level: 'error',
    message: `the root hash is ${found}, not ${expected}`,
    subjects: [],
  } as const;
  const [top, below] = tree.geometry.levels;
  if (top === undefined) {
    return { ...finding, layer: 'data', hint: 'the only data block or the salt was changed' };
  }
  const { superblock, geometry, hasher } = tree;
  const { source, offset, blockSize } =
    below === undefined
      ? { source: tree.data, offset: 0, blockSize: superblock.dataBlockSize }
      : { source: tree.hash, offset: below.offset, blockSize: superblock.hashBlockSize };
  const count = Math.min(top.digests, Math.max(2, SAMPLE_SIZE / blockSize));
  const blocks = await source.read(offset, count * blockSize);
  const digests = await hasher.hashBlocks(superblock.salt, blocks, blockSize);
  const { block } = await readTop(tree);
  const differing = differingBlocks(digests, hasher.digestSize, block, geometry.stride, count);
  return differing.length < count
    ? {
        ...finding,
        layer: 'hash-tree',
        hint: 'the top block of the hash tree was changed, or the root hash itself',
      }
    : {
        ...finding,
        layer: 'verity-superblock',
        hint: 'the superblock was changed, or it is of another image',
      };
}

/** Compares the root hash of a tree with `expected`, lower-case hexadecimal. Undefined if it is that. */
export async function verifyRootHash(
  tree: HashTreeSource,
  expected: string,
): Promise<ImageFinding<VerityCode> | undefined> {
  const found = hexText(await computeRootHash(tree));
  return found === expected ? undefined : rootHashFinding(tree, found, expected);
}

async function readTop({ superblock, geometry, data, hash }: HashTreeSource) {
  const [top] = geometry.levels;
  const size = top === undefined ? superblock.dataBlockSize : superblock.hashBlockSize;
  const block = top === undefined ? await data.read(0, size) : await hash.read(top.offset, size);
  return { block, size };
}
