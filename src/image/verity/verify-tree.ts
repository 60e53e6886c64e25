import { SUBJECTS_MAX } from '../../base/finding.ts';
import { hexText } from '../../base/hex.ts';
import type { SourceHasher } from '../block-hasher.ts';
import { ByteRange } from '../byte-range.ts';
import type { ImageFinding, ImageLayer } from '../image-finding.ts';
import { differingBlocks } from './compare-digests.ts';
import { DigestStream } from './digest-stream.ts';
import { hashSource } from './hash-source.ts';
import type { HashTreeSource, VerityCode } from './open-tree.ts';
import { readRuns } from './read-runs.ts';
import type { TreeLevel } from './tree-geometry.ts';
import { computeRootHash, rootHashFinding } from './verify-root.ts';

/** How a tree is verified. */
export interface VerifyTreeOptions {
  /** The one that the tree must have: lower-case hexadecimal. */
  readonly rootHash: string;
  /** Verifies the tree, but not the data below it. */
  readonly quick?: boolean;
  /** Reads and hashes the data; undefined: a mebibyte at a time, with the tree's own hasher. */
  readonly data?: SourceHasher | undefined;
  /** Told after every mebibyte, or less, how many bytes of how many were hashed. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Such as an AbortSignal: asked as often; what it throws ends the verification. */
  readonly cancellation?: { throwIfAborted(): void };
}

/**
 * Verifies a hash tree from its root hash down to the data. Each block of the tree is verified when it is used, and
 * memory does not grow with the image. The verification ends at a bad part of the tree, below which nothing can be
 * said, and at the twentieth bad data block.
 *
 * The root hash says nothing about the number of data blocks that the superblock counts. That, too, is verified: there
 * must be a digest for each, and no more digests.
 *
 * @returns What is wrong, all of level error; empty if nothing is. Where the root hash is another one, only that.
 * @throws what the source throws, and what `cancellation` throws.
 */
export async function verifyHashTree(
  tree: HashTreeSource,
  options: VerifyTreeOptions,
): Promise<readonly ImageFinding<VerityCode>[]> {
  const rootDigest = await computeRootHash(tree);
  const rootHash = hexText(rootDigest);
  if (rootHash !== options.rootHash) return [await rootHashFinding(tree, rootHash, options.rootHash)];

  const verification = new Verification(tree, rootDigest, options);
  if (options.quick) await verification.verifyTree();
  else await verification.verifyData();
  return verification.findings;
}

class Verification {
  readonly findings: ImageFinding<VerityCode>[] = [];
  readonly #tree: HashTreeSource;
  readonly #rootDigest: Uint8Array;
  readonly #options: VerifyTreeOptions;
  readonly #total: number;
  #done = 0;

  constructor(tree: HashTreeSource, rootDigest: Uint8Array, options: VerifyTreeOptions) {
    const { dataBlocks, dataBlockSize, hashBlockSize } = tree.superblock;
    this.#tree = tree;
    this.#rootDigest = rootDigest;
    this.#options = options;
    this.#total = tree.geometry.size - hashBlockSize + (options.quick ? 0 : dataBlocks * dataBlockSize);
  }

  async verifyTree(): Promise<void> {
    for await (const _ of this.#verifiedBlocks(this.#tree.geometry.levels.length - 1));
  }

  async verifyData(): Promise<void> {
    const { superblock, geometry, hasher, data } = this.#tree;
    const { dataBlocks, dataBlockSize, salt } = superblock;
    const covered = new ByteRange(data, 0, dataBlocks * dataBlockSize);
    const expected = new DigestStream(this.#verifiedBlocks(geometry.levels.length - 1), geometry.stride);
    const bad: number[] = [];
    let first = 0;
    const { data: sourceHasher = { hashSource } } = this.#options;
    for await (const digests of sourceHasher.hashSource(covered, hasher, salt, dataBlockSize)) {
      const count = digests.length / hasher.digestSize;
      const right = await expected.take(count);
      if (right === undefined) break;
      const differing = this.#compare(digests, dataBlockSize, right);
      bad.push(...differing.map((block) => first + block));
      if (bad.length >= SUBJECTS_MAX) break;
      first += count;
    }
    if (bad.length > 0) this.#reportData(bad);
  }

  /** The blocks of a level, each verified by the level above; ends early where one does not match. */
  async *#verifiedBlocks(index: number): AsyncGenerator<Uint8Array> {
    const { superblock, geometry, hasher, hash } = this.#tree;
    const level = geometry.levels[index];
    if (level === undefined) {
      // What would be above the top: the root hash alone.
      const block = new Uint8Array(geometry.stride);
      block.set(this.#rootDigest);
      yield block;
      return;
    }
    const blockSize = superblock.hashBlockSize;
    const above = new DigestStream(this.#verifiedBlocks(index - 1), geometry.stride);
    let first = 0;
    for await (const run of readRuns(hash, level.offset, level.blocks * blockSize)) {
      const count = run.length / blockSize;
      const expected = await above.take(count);
      if (expected === undefined) return;
      const digests = await hasher.hashBlocks(superblock.salt, run, blockSize);
      const differing = this.#compare(digests, blockSize, expected);
      if (differing.length > 0) {
        const height = geometry.levels.length - 1 - index;
        this.#reportHash(
          height,
          level,
          differing.map((block) => first + block),
        );
        return;
      }
      first += count;
      if (first === level.blocks && !this.#countsRight(level, run)) return;
      yield run;
    }
  }

  /** The indices of the blocks that do not have the digests expected of them, of those that were hashed last. */
  #compare(digests: Uint8Array, blockSize: number, expected: Uint8Array): number[] {
    this.#options.cancellation?.throwIfAborted();
    const { geometry, hasher } = this.#tree;
    const count = digests.length / hasher.digestSize;
    this.#done += count * blockSize;
    this.#options.onProgress?.(this.#done, this.#total);
    return differingBlocks(digests, hasher.digestSize, expected, geometry.stride, count);
  }

  /**
   * Whether a level, which `run` ends, has a digest for each block below it that is counted, and zeros behind them: no
   * digest is zero.
   */
  #countsRight({ blocks, digests }: TreeLevel, run: Uint8Array): boolean {
    const { superblock, geometry } = this.#tree;
    const end = run.length - (blocks * superblock.hashBlockSize - digests * geometry.stride);
    if (!isZero(run.subarray(end - geometry.stride, end)) && isZero(run.subarray(end))) return true;
    this.#report(
      'verity-block-count',
      'verity-superblock',
      `the superblock counts ${superblock.dataBlocks} data blocks, the hash tree has digests for another number of them`,
      [],
    );
    return false;
  }

  #reportHash(height: number, { offset }: TreeLevel, bad: readonly number[]): void {
    const name = (block: number): string => `block ${block} of level ${height} of the hash tree`;
    const { hashBlockSize } = this.#tree.superblock;
    const start = offset + bad[0]! * hashBlockSize;
    this.#report(
      'hash-block-mismatch',
      'hash-tree',
      `${name(bad[0]!)} (bytes ${start} to ${start + hashBlockSize - 1} of the hash partition) does not match the level above`,
      bad.map(name),
    );
  }

  #reportData(bad: readonly number[]): void {
    const name = (block: number): string => `data block ${block}`;
    const { dataBlockSize } = this.#tree.superblock;
    const start = bad[0]! * dataBlockSize;
    this.#report(
      'data-block-mismatch',
      'data',
      `${name(bad[0]!)} (bytes ${start} to ${start + dataBlockSize - 1} of the data partition) does not match the hash tree`,
      bad.map(name),
    );
  }

  #report(code: VerityCode, layer: ImageLayer, message: string, subjects: readonly string[]): void {
    this.findings.push({ code, layer, level: 'error', message, subjects: subjects.slice(0, SUBJECTS_MAX) });
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
