import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dissectImage } from '../../../src/image/dissection.ts';
import type { HashTreeSource } from '../../../src/image/verity/open-tree.ts';
import { verifyHashTree } from '../../../src/image/verity/verify-tree.ts';
import { verityHasher } from '../../../src/platform/verity-hashers.ts';
import { buildMemoryImage, memorySource } from '../memory-image.ts';
import { noise } from '../write-test-image.ts';

const BLOCK = 4096;

/** An image with its hash tree; what is changed in `image` is changed in the tree. */
async function imageOf(blocks: number) {
  const image = await buildMemoryImage(noise(blocks), undefined);
  const open = async () => {
    const { tree, rootHash, dataPartition, hashPartition } = await dissectImage(memorySource(image), {
      hasherFor: verityHasher,
    });
    return { tree: tree!, rootHash: rootHash!, data: dataPartition!.offset, hash: hashPartition!.offset };
  };
  return { image, ...(await open()), open };
}

const messages = async (tree: HashTreeSource, rootHash: string, quick = false) =>
  (await verifyHashTree(tree, { rootHash, quick })).map(({ message }) => message);

test.each([1, 2, 128, 129, 257, 128 * 128, 128 * 128 + 1])('verifies %d blocks', async (blocks) => {
  const { tree, rootHash } = await imageOf(blocks);
  const progress: [number, number][] = [];
  const onProgress = (done: number, total: number) => progress.push([done, total]);
  expect(await verifyHashTree(tree, { rootHash, onProgress })).toEqual([]);
  const total = blocks * BLOCK + tree.geometry.size - BLOCK;
  expect(progress.at(-1)).toEqual([total, total]);
  progress.length = 0;
  expect(await verifyHashTree(tree, { rootHash, quick: true, onProgress })).toEqual([]);
  if (blocks > 1) expect(progress.at(-1)![0]).toBe(tree.geometry.size - BLOCK);
});

describe('names what does not match', () => {
  test('one data block, by its number and its bytes', async () => {
    const { image, tree, rootHash, data } = await imageOf(300);
    image[data + 17 * BLOCK + 5]! ^= 1;
    expect(await verifyHashTree(tree, { rootHash })).toEqual([
      {
        code: 'data-block-mismatch',
        level: 'error',
        layer: 'data',
        message: 'data block 17 (bytes 69632 to 73727 of the data partition) does not match the hash tree',
        subjects: ['data block 17'],
      },
    ]);
    expect(await messages(tree, rootHash, true)).toEqual([]);
  });

  test('the first twenty of many data blocks', async () => {
    const { image, tree, rootHash, data } = await imageOf(300);
    for (let block = 3; block < 300; block += 3) image[data + block * BLOCK]! ^= 1;
    const [finding, ...others] = await verifyHashTree(tree, { rootHash });
    expect(others).toEqual([]);
    expect(finding!.subjects).toEqual(
      Array.from({ length: 20 }, (_, index) => `data block ${3 * (index + 1)}`),
    );
  });

  test.each([0, 1, 127, 128, 255, 256, 299])('data block %d, which begins or ends a run', async (block) => {
    const { image, tree, rootHash, data } = await imageOf(300);
    image[data + (block + 1) * BLOCK - 1]! ^= 1;
    expect((await verifyHashTree(tree, { rootHash }))[0]!.subjects).toEqual([`data block ${block}`]);
  });

  test('a block of the tree, and then nothing below it', async () => {
    const { image, tree, rootHash, data, hash } = await imageOf(300);
    image[hash + 3 * BLOCK]! ^= 1;
    image[data + 200 * BLOCK]! ^= 1;
    for (const quick of [false, true]) {
      expect(await messages(tree, rootHash, quick)).toEqual([
        'block 1 of level 0 of the hash tree (bytes 12288 to 16383 of the hash partition) does not match the level above',
      ]);
    }
  });

  test('the top block', async () => {
    const { image, tree, rootHash, hash } = await imageOf(300);
    image[hash + BLOCK + 4000]! ^= 1;
    expect(await verifyHashTree(tree, { rootHash })).toMatchObject([
      { code: 'root-hash-mismatch', layer: 'hash-tree' },
    ]);
  });

  test('another root hash', async () => {
    const { tree } = await imageOf(2);
    expect(await messages(tree, '0'.repeat(64))).toEqual([expect.stringContaining(`not ${'0'.repeat(64)}`)]);
  });

  test('another salt, and blames the superblock', async () => {
    const { tree, rootHash } = await imageOf(300);
    const changed = { ...tree, superblock: { ...tree.superblock, salt: new Uint8Array(32) } };
    expect(await verifyHashTree(changed, { rootHash })).toMatchObject([
      { code: 'root-hash-mismatch', layer: 'verity-superblock' },
    ]);
  });

  // The root hash says nothing about this number.
  test.each([
    [150, 151],
    [150, 200],
    [100, 128],
    [100, 129],
    [300, 299],
    [300, 257],
    [300, 129],
    [300, 44],
    [300, 2],
  ])('digests for %d data blocks where %d are counted', async (blocks, counted) => {
    const { image, open, hash } = await imageOf(blocks);
    const { rootHash } = await open();
    Buffer.from(image.buffer).writeBigUInt64LE(BigInt(counted), hash + 72);
    const { tree } = await open();
    for (const quick of [false, true]) {
      expect(await verifyHashTree(tree, { rootHash, quick })).toMatchObject([
        {
          code: 'verity-block-count',
          layer: 'verity-superblock',
          message: `the superblock counts ${counted} data blocks, the hash tree has digests for another number of them`,
        },
      ]);
    }
  });
});

test('finds any changed byte of tree or data', async () => {
  const { image, tree, rootHash, data, hash } = await imageOf(700);
  const size = 700 * BLOCK + tree.geometry.size - BLOCK;
  await fc.assert(
    fc.asyncProperty(fc.nat(size - 1), fc.integer({ min: 1, max: 255 }), async (byte, mask) => {
      const place = byte < 700 * BLOCK ? data + byte : hash + BLOCK + byte - 700 * BLOCK;
      image[place]! ^= mask;
      const [finding] = await verifyHashTree(tree, { rootHash });
      image[place]! ^= mask;
      const layer = byte < 700 * BLOCK ? 'data' : 'hash-tree';
      expect(finding).toMatchObject({ level: 'error', layer });
    }),
    { numRuns: 50 },
  );
});

describe('ends', () => {
  test('when it is told to', async () => {
    const { tree, rootHash } = await imageOf(2000);
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = (done: number) => {
      seen.push(done);
      if (seen.length === 3) controller.abort(new Error('enough'));
    };
    const verification = verifyHashTree(tree, { rootHash, onProgress, cancellation: controller.signal });
    await expect(verification).rejects.toThrow('enough');
    expect(seen).toHaveLength(3);
  });

  test('with the error of the source, and leaves none behind', async () => {
    const { tree, rootHash } = await imageOf(2000);
    const error = new Error('input/output error');
    const read = async (offset: number, length: number) => {
      if (offset >= 1 << 20) throw error;
      return tree.data.read(offset, length);
    };
    const broken = { ...tree, data: { size: tree.data.size, read } };
    await expect(verifyHashTree(broken, { rootHash })).rejects.toBe(error);
  });
});

test('reads no byte twice below the top, a mebibyte at a time', async () => {
  const { tree, rootHash } = await imageOf(1000);
  const reads: [number, number][] = [];
  const read = (offset: number, length: number) => {
    reads.push([offset, length]);
    return tree.data.read(offset, length);
  };
  await verifyHashTree({ ...tree, data: { size: tree.data.size, read } }, { rootHash });
  const mebibyte = 1 << 20;
  expect(reads).toEqual([
    [0, mebibyte],
    [mebibyte, mebibyte],
    [2 * mebibyte, mebibyte],
    [3 * mebibyte, 1000 * BLOCK - 3 * mebibyte],
  ]);
});
