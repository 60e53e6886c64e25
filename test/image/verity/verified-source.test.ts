import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { dissectImage } from '../../../src/image/dissection.ts';
import { ImageError } from '../../../src/image/error.ts';
import type { HashTreeSource } from '../../../src/image/verity/open-tree.ts';
import { VerifiedSource } from '../../../src/image/verity/verified-source.ts';
import { verityHasher } from '../../../src/platform/verity-hashers.ts';
import { buildMemoryImage, memorySource } from '../memory-image.ts';
import { noise } from '../write-test-image.ts';

/** More blocks than one hash block has digests. */
const BLOCKS = 300;
const data = noise(BLOCKS);
let tree: HashTreeSource;

beforeAll(async () => {
  const image = await buildMemoryImage(data, undefined);
  tree = (await dissectImage(memorySource(image), { hasherFor: verityHasher })).tree!;
});

const anyRange = fc
  .tuple(fc.nat({ max: data.length }), fc.nat({ max: data.length }))
  .map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);

it('gives any range of the data', async () => {
  const source = new VerifiedSource(tree);
  expect(source.size).toBe(data.length);
  await fc.assert(
    fc.asyncProperty(anyRange, async ([start, end]) => {
      const read = await source.read(start, end - start);
      expect(Buffer.compare(read, data.subarray(start, end))).toBe(0);
    }),
  );
});

it('gives nothing of a block that was changed, and everything else', async () => {
  await fc.assert(
    fc.asyncProperty(anyRange, fc.nat({ max: data.length - 1 }), async ([start, end], place) => {
      const bytes = Buffer.from(data);
      bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
      const source = new VerifiedSource({ ...tree, data: memorySource(bytes) });
      const block = Math.floor(place / 4096);
      const touches = end > start && block >= Math.floor(start / 4096) && block < Math.ceil(end / 4096);
      const read = source.read(start, end - start);
      if (touches)
        await expect(read).rejects.toThrow(
          new ImageError('malformed', `data block ${block} does not match the hash tree`),
        );
      else expect(Buffer.compare(await read, data.subarray(start, end))).toBe(0);
    }),
    // No bytes, in the middle of the block.
    { examples: [[[11, 11], 0]] },
  );
});

it('of one data block, which the root hash itself protects, gives what was hashed', async () => {
  const image = await buildMemoryImage(noise(1), undefined);
  const { tree: small } = await dissectImage(memorySource(image), { hasherFor: verityHasher });
  expect(Buffer.compare(await new VerifiedSource(small!).read(5, 100), noise(1).subarray(5, 105))).toBe(0);
});
