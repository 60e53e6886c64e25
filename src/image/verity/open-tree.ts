import type { VerityHasher, VerityHasherFor } from '../block-hasher.ts';
import type { ByteSource } from '../byte-source.ts';
import { ImageError } from '../error.ts';
import type { ImageFinding } from '../image-finding.ts';
import { HASH_TYPE_NORMAL, SUPERBLOCK_SIZE } from './layout.ts';
import { readVeritySuperblock } from './read-superblock.ts';
import type { VeritySuperblock } from './superblock.ts';
import { type TreeGeometry, treeGeometry } from './tree-geometry.ts';

/** What can be wrong with a hash tree, or with the data below it. */
export type VerityCode =
  /** The superblock is no superblock. */
  | 'verity-superblock-damaged'
  /** A hash or hash type that is not verified here. */
  | 'verity-hash-unsupported'
  /** The superblock counts more or fewer blocks than the tree has digests for, or than the partitions hold. */
  | 'verity-block-count'
  /** The tree does not have the root hash. */
  | 'root-hash-mismatch'
  | 'hash-block-mismatch'
  | 'data-block-mismatch';

/** A hash tree that fits its partitions, and the data that it covers. Nothing of it is verified. */
export interface HashTreeSource {
  readonly superblock: VeritySuperblock;
  readonly geometry: TreeGeometry;
  readonly hasher: VerityHasher;
  /** The data partition, which may be longer than what is covered. */
  readonly data: ByteSource;
  /** The hash partition, which may be longer than the tree. */
  readonly hash: ByteSource;
}

/** A hash partition as far as it could be understood. */
export interface OpenedTree {
  readonly superblock: VeritySuperblock | undefined;
  /** Undefined where there is a finding. */
  readonly tree: HashTreeSource | undefined;
  readonly findings: readonly ImageFinding<VerityCode>[];
}

/** Reads the superblock of a hash partition and sees whether the tree can be verified and fits. */
export async function openHashTree(
  data: ByteSource,
  hash: ByteSource,
  hasherFor: VerityHasherFor,
): Promise<OpenedTree> {
  const damaged = (cause: string): OpenedTree => refuse(undefined, 'verity-superblock-damaged', cause);
  if (hash.size < SUPERBLOCK_SIZE) return damaged(`the hash partition has only ${hash.size} bytes`);
  let superblock: VeritySuperblock;
  try {
    superblock = readVeritySuperblock(await hash.read(0, SUPERBLOCK_SIZE));
  } catch (error) {
    if (error instanceof ImageError) return damaged(error.message);
    throw error;
  }
  const { algorithm, hashType } = superblock;
  const hasher = hasherFor(algorithm);
  if (hasher === undefined || hashType !== HASH_TYPE_NORMAL) {
    const what = hasher === undefined ? `the hash ${algorithm}` : `hash type ${hashType}`;
    return refuse(superblock, 'verity-hash-unsupported', `verity superblock: ${what} is not supported`);
  }
  let geometry: TreeGeometry;
  try {
    geometry = treeGeometry(superblock, hasher.digestSize);
  } catch (error) {
    if (error instanceof ImageError) return refuse(superblock, 'verity-superblock-damaged', error.message);
    throw error;
  }
  const covered = superblock.dataBlocks * superblock.dataBlockSize;
  if (covered > data.size || geometry.size > hash.size) {
    const problem =
      covered > data.size
        ? `it covers ${covered} bytes, the data partition has ${data.size}`
        : `the hash tree takes ${geometry.size} bytes, the hash partition has ${hash.size}`;
    return refuse(superblock, 'verity-block-count', `verity superblock: ${problem}`);
  }
  return { superblock, tree: { superblock, geometry, hasher, data, hash }, findings: [] };
}

function refuse(superblock: VeritySuperblock | undefined, code: VerityCode, message: string): OpenedTree {
  return {
    superblock,
    tree: undefined,
    findings: [{ code, layer: 'verity-superblock', level: 'error', message, subjects: [] }],
  };
}
