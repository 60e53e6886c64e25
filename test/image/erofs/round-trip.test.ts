import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeTree, trees } from './arbitrary-tree.ts';
import { TestImage } from './build-image.ts';
import { describeImage, describeTree } from './describe.ts';

test('reads back every name, attribute and byte of any tree', async () => {
  await fc.assert(
    fc.asyncProperty(trees, async (plan) => {
      const image = new TestImage();
      const root = await makeTree(image, plan);
      const summary = await image.finish(root);
      const reader = await image.open();
      expect(await describeImage(reader)).toEqual(describeTree(root, image.contents));
      expect(reader.superblock.blocks).toBe(summary.blocks);
      expect(image.sink.blocks).toBe(summary.blocks);
      expect(reader.superblock.inodes).toBe(summary.inodes);
    }),
    { numRuns: 150 },
  );
});

test('writes the same bytes whatever the order of the children and the size of the pieces', async () => {
  await fc.assert(
    fc.asyncProperty(trees, fc.constantFrom(512, 5000, 65_536), async (plan, pieceSize) => {
      const first = new TestImage();
      const root = await makeTree(first, plan);
      await first.finish(root);
      const second = new TestImage();
      const reversed = await makeTree(second, {
        ...plan,
        children: new Map(
          [...plan.children].map(([name, child]) => [
            name,
            child.kind === 'file' ? { ...child, pieceSize } : child,
          ]),
        ),
      });
      const turned = { ...reversed, children: new Map([...reversed.children].reverse()) };
      await second.finish(turned);
      expect(Buffer.compare(first.sink.bytes(), second.sink.bytes())).toBe(0);
    }),
    { numRuns: 50 },
  );
});
