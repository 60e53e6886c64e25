import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { DigestList } from '../../../src/image/verity/digest-list.ts';
import { buildHashTree, hashTreeBlocks } from '../../../src/image/verity/hash-tree.ts';
import { sha256Blocks } from '../../../src/platform/sha256-blocks.ts';

const SALT = Buffer.from('00ff10', 'hex');
const hash = (block: Uint8Array) => createHash('sha256').update(SALT).update(block).digest();

/** The tree as its definition says, from the leaves: the blocks in their order on disk, and the root hash. */
function treeOf(leaves: Buffer): { blocks: Buffer; rootHash: Buffer } {
  if (leaves.length === 32) return { blocks: Buffer.alloc(0), rootHash: leaves };
  const level = Buffer.concat([leaves, Buffer.alloc(-leaves.length & 4095)]);
  const digests = [];
  for (let start = 0; start < level.length; start += 4096) {
    digests.push(hash(level.subarray(start, start + 4096)));
  }
  const above = treeOf(Buffer.concat(digests));
  return { blocks: Buffer.concat([above.blocks, level]), rootHash: above.rootHash };
}

test.each([1, 2, 127, 128, 129, 128 * 128, 128 * 128 + 1, 40_000])(
  'builds the tree over %d blocks',
  async (count) => {
    const leaves = Buffer.concat(Array.from({ length: count }, (_, index) => hash(Buffer.from(`${index}`))));
    const list = new DigestList();
    list.append(leaves);
    const expected = treeOf(leaves);
    const tree = await buildHashTree(list, sha256Blocks, SALT);
    expect(Buffer.compare(tree.rootHash, expected.rootHash)).toBe(0);
    const blocks = Buffer.concat(tree.levels.flatMap((level) => [...level.blocks()]));
    expect(Buffer.compare(blocks, expected.blocks)).toBe(0);
    expect(hashTreeBlocks(count)).toBe(expected.blocks.length / 4096);
  },
);

test('counts the blocks of large trees', () => {
  expect(hashTreeBlocks(2 ** 32)).toBe(2 ** 25 + 2 ** 18 + 2 ** 11 + 2 ** 4 + 1);
});
