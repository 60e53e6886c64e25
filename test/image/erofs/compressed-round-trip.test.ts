import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkErofsStructure } from '../../../src/image/erofs/check-structure.ts';
import type { CompressionSettings } from '../../../src/image/erofs/compression-settings.ts';
import type { ErofsNode } from '../../../src/image/erofs/tree.ts';
import { makeTree, trees } from './arbitrary-tree.ts';
import { attributes, BUILD_TIME, directory, TestImage } from './build-image.ts';
import { compressionSettings, contentOf, contentPlans, plannedContent } from './compressed-contents.ts';
import { describeImage, describeTree } from './describe.ts';

const BLOCK = 4096;
const small: CompressionSettings = { method: 'lz4hc', level: 3, clusterSize: BLOCK, tailPacking: false };
const large: CompressionSettings = { ...small, clusterSize: 65_536, tailPacking: true };

test('any tree, compressed in any way, is read back', async () => {
  await fc.assert(
    fc.asyncProperty(trees, compressionSettings, async (plan, settings) => {
      const image = new TestImage(settings);
      const root = await makeTree(image, plan);
      await image.finish(root);
      const reader = await image.open();
      expect(await describeImage(reader)).toEqual(describeTree(root, image.contents));
      expect(await checkErofsStructure(reader, { content: true })).toEqual([]);
    }),
    { numRuns: 25 },
  );
});

const xattrSizes = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4100 }));
const times = fc.constantFrom(BUILD_TIME, { seconds: 1, nanoseconds: 0 });

test('any content, compressed in any way, is read back', async () => {
  const files = fc.array(fc.tuple(contentPlans, xattrSizes, times), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(files, compressionSettings, async (plans, settings) => {
      const contents = plans.map(([plan, ...rest]) => [plannedContent(plan), ...rest] as const);
      const image = new TestImage(settings);
      const children: [string, ErofsNode][] = [];
      for (const [index, [content, xattrSize, mtime]] of contents.entries()) {
        const xattrs = new Map(xattrSize === 0 ? [] : [['user.x', new Uint8Array(xattrSize)]]);
        children.push([`file-${index}`, await image.file(content, { xattrs, mtime })]);
        children.push([`again-${index}`, await image.file(content, { xattrs })]);
      }
      const root = directory(children);
      const summary = await image.finish(root);
      const reader = await image.open();
      expect(await describeImage(reader)).toEqual(describeTree(root, image.contents));
      expect(await checkErofsStructure(reader, { content: true })).toEqual([]);
      const different = new Set(contents.map(([content]) => content.toString('latin1')));
      const stored = contents.filter(([content]) => content.length > 0).length;
      const notEmpty = [...different].filter((content) => content !== '').length;
      // The room beside the inode may differ with the attributes, and with it what is stored.
      if (contents.every(([, xattrSize]) => xattrSize === 0))
        expect(summary.duplicateFiles).toBe(2 * stored - notEmpty);
    }),
    { numRuns: 25 },
  );
});

test('the same content gives the same bytes, whatever the size of the pieces', async () => {
  const content = Buffer.concat([
    contentOf('program', 0, 3 << 20),
    contentOf('noise', 0, 100_000),
    contentOf('zeros', 0, 2 << 20),
    contentOf('text', 0, 777_777),
  ]);
  const images = await Promise.all(
    [1000, 4096, 1 << 20, content.length].map(async (pieceSize) => {
      const image = new TestImage(large);
      const first = await image.file('small');
      const pieces = function* (): Generator<Uint8Array> {
        const buffer = new Uint8Array(pieceSize);
        for (let at = 0; at < content.length; at += pieceSize) {
          const piece = content.subarray(at, at + pieceSize);
          // One buffer for all, as a source may do.
          buffer.set(piece);
          yield buffer.subarray(0, piece.length);
        }
      };
      const file = await image.pieces(pieces(), content);
      const root = directory([
        ['a', first],
        ['b', file],
      ]);
      await image.finish(root);
      expect(await describeImage(await image.open())).toEqual(describeTree(root, image.contents));
      return Buffer.from(image.sink.bytes());
    }),
  );
  for (const image of images) expect(image.equals(images[0]!)).toBe(true);
});

describe('a compressed image', () => {
  async function written(
    settings: CompressionSettings,
    ...contents: Uint8Array[]
  ): Promise<{ image: TestImage; features: number; blocks: number; dataBlocks: number }> {
    const image = new TestImage(settings);
    const files: [string, ErofsNode][] = [];
    for (const [index, content] of contents.entries()) files.push([String(index), await image.file(content)]);
    const root = directory(files);
    const { blocks, metadataBlocks } = await image.finish(root);
    const reader = await image.open();
    expect(await describeImage(reader)).toEqual(describeTree(root, image.contents));
    return {
      image,
      blocks,
      dataBlocks: blocks - metadataBlocks,
      features: reader.superblock.featureIncompat,
    };
  }

  test('asks of the kernel what it needs, and no more', async () => {
    const text = contentOf('text', 0, 300_000);
    // Bits as Linux names them: zero padding, compression configurations and big pclusters, inline ends.
    const short = contentOf('text', 0, 3000);
    expect((await written(small, text)).features).toBe(1);
    expect((await written({ ...small, tailPacking: true }, text, short)).features).toBe(0x11);
    expect((await written({ ...large, tailPacking: false }, text, short)).features).toBe(3);
    expect((await written(large, text, short)).features).toBe(0x13);
    expect((await written({ ...small, method: 'zstd' }, text)).features).toBe(3);
    expect((await written(large, contentOf('noise', 0, 300_000), Buffer.from('short'))).features).toBe(0);
  });

  test.each([
    ['zstd', { method: 'zstd' as const, level: 3 }],
    ['deflate', { method: 'deflate' as const, level: 6 }],
    ['lz4', { method: 'lz4' as const, level: 1 }],
    ['lz4', { method: 'lz4hc' as const, level: 9 }],
  ])('says that it is compressed with %s', async (algorithm, method) => {
    const { image } = await written({ ...large, ...method }, contentOf('text', 0, 300_000));
    expect((await image.open()).compression).toEqual([algorithm]);
  });

  test('has content that does not become smaller as it is, its end beside the inode', async () => {
    const content = contentOf('noise', 0, 5 * (1 << 20) + 100);
    const image = new TestImage(large);
    const root = directory([['x', await image.file(content)]]);
    await image.finish(root);
    const { data } = (await (await image.open()).lookup('x'))!;
    expect(data).toMatchObject({ layout: 'inline' });
    const plain = new TestImage();
    await plain.finish(directory([['x', await plain.file(content)]]));
    expect(Buffer.compare(image.sink.bytes(), plain.sink.bytes())).toBe(0);
  });

  test('has the blocks that it must have', async () => {
    const program = contentOf('program', 1 << 21, 300_000);
    const plain = Math.ceil(program.length / BLOCK);
    for (const settings of [small, large]) {
      const { blocks } = await written(settings, program);
      expect(blocks).toBeLessThan(0.75 * plain);
      expect(blocks).toBeGreaterThan(0.25 * plain);
    }
    expect((await written(large, contentOf('zeros', 0, 8 << 20))).blocks).toBeLessThan(20);
    const zstd = { ...large, method: 'zstd' as const };
    expect((await written(zstd, contentOf('text', 0, 6000))).blocks).toBe(2);
  });

  test('finds content again that it has compressed, in files of one and of many parts', async () => {
    const contents = [
      contentOf('text', 0, 5000),
      contentOf('program', 0, 100_000),
      contentOf('program', 0, 3 << 20),
    ];
    const once = await written(large, ...contents);
    const thrice = await written(large, ...contents, ...contents, ...contents);
    expect(thrice.dataBlocks).toBe(once.dataBlocks);
  });

  test('is refused attributes that grew after the content was stored', async () => {
    const image = new TestImage(large);
    const file = await image.file(contentOf('text', 0, 3000));
    const grown = { ...file, xattrs: new Map([['user.x', new Uint8Array(4000)]]) };
    await expect(image.finish(directory([['x', grown]]))).rejects.toThrow(
      '/x: the extended attributes are larger',
    );
  });

  test('with settings that are not possible is not begun', () => {
    expect(() => new TestImage({ ...large, level: 13 })).toThrow('lz4hc has levels from 1 to 12, not 13');
    expect(() => new TestImage({ ...large, clusterSize: 5000 })).toThrow('a cluster cannot have 5000 bytes');
  });

  test.each(['more', 'fewer'])(
    'ends with an error where the content has %s bytes than were announced',
    async (which) => {
      const image = new TestImage(large);
      const content = new Uint8Array(10_000);
      await expect(image.store(which === 'more' ? 9999 : 10_001, [content])).rejects.toMatchObject({
        code: 'malformed',
      });
    },
  );
});

test('a sink that fails ends the writing with its error', async () => {
  const image = new TestImage(large);
  await image.file('first');
  image.sink.append = () => {
    throw new Error('the disk is full');
  };
  const content = contentOf('program', 0, 3 << 20);
  const store = async (): Promise<void> => {
    for (let count = 0; count < 10; count++) await image.store(content.length, [content]);
    await image.finish(directory([['x', { type: 'fifo', ...attributes() }]]));
  };
  await expect(store()).rejects.toThrow('the disk is full');
});
