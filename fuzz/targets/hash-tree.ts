import { strict as assert } from 'node:assert';
import { hexText } from '../../src/base/hex.ts';
import { ImageError } from '../../src/image/error.ts';
import { type HashTreeSource, openHashTree } from '../../src/image/verity/open-tree.ts';
import { computeRootHash } from '../../src/image/verity/verify-root.ts';
import { verifyHashTree } from '../../src/image/verity/verify-tree.ts';
import { verityHasher } from '../../src/platform/verity-hashers.ts';
import type { Target } from '../engine/target.ts';
import { memorySource } from '../invariants/memory-source.ts';
import { hashPartition } from '../seeds/verity.ts';

/** Where the data ends and the hash partition begins, in KiB: the first byte of an input. */
const UNIT = 1024;

/** A hash tree over data; one in which nothing is found is that of its data, as it is computed from the bottom up. */
export const target: Target = {
  async seeds() {
    const seeds: Uint8Array[] = [];
    for (const [blocks, saltSize] of [
      [1, 0],
      [3, 32],
      // The most that a tree of one level covers, less some; two levels would take more than half a MiB.
      [8, 256],
    ] as const) {
      const data = Uint8Array.from({ length: 4096 * blocks }, (_, index) => index >> 8);
      const { bytes } = await hashPartition(data, saltSize);
      seeds.push(Uint8Array.from([data.length / UNIT, ...data, ...bytes]));
    }
    return seeds;
  },
  async run(input) {
    if (input.length === 0) throw new ImageError('malformed', 'it is empty');
    const dataEnd = Math.min(1 + input[0]! * UNIT, input.length);
    const data = memorySource(input.subarray(1, dataEnd));
    const { tree } = await openHashTree(data, memorySource(input.subarray(dataEnd)), verityHasher);
    if (tree === undefined) return;
    const rootHash = hexText(await computeRootHash(tree));
    const findings = await verifyHashTree(tree, { rootHash });
    const quick = await verifyHashTree(tree, { rootHash, quick: true });
    assert(quick.length === 0 || findings.length > 0, 'the whole check finds less than the quick one');
    if (findings.length === 0) assert.equal(await rootOf(tree), rootHash);
    const other = rootHash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    assert((await verifyHashTree(tree, { rootHash: other })).length > 0, 'any root hash is accepted');
  },
};

/** The root hash from the data alone, as Linux defines it (Documentation/admin-guide/device-mapper/verity.rst). */
async function rootOf({ superblock, hasher, data }: HashTreeSource): Promise<string> {
  const { dataBlocks, dataBlockSize, hashBlockSize, salt } = superblock;
  const perBlock = 2 ** Math.floor(Math.log2(hashBlockSize / hasher.digestSize));
  const stride = hashBlockSize / perBlock;
  const covered = await data.read(0, dataBlocks * dataBlockSize);
  let digests = await hasher.hashBlocks(salt, covered, dataBlockSize);
  while (digests.length > hasher.digestSize) {
    const count = digests.length / hasher.digestSize;
    const level = new Uint8Array(Math.ceil(count / perBlock) * hashBlockSize);
    for (let index = 0; index < count; index++) {
      const start = index * hasher.digestSize;
      level.set(digests.subarray(start, start + hasher.digestSize), index * stride);
    }
    digests = await hasher.hashBlocks(salt, level, hashBlockSize);
  }
  return hexText(digests);
}
