import { describe, expect, test } from 'vitest';
import type { StoredFile } from '../../../src/image/erofs/tree.ts';
import { attributes, directory, TestImage } from './build-image.ts';
import { describeImage, describeTree } from './describe.ts';

const BLOCK = 4096;
const GROUP = 65_536;

function filled(size: number, fill = 1): Uint8Array {
  return new Uint8Array(size).fill(fill);
}

describe('layout by size', () => {
  test.each([
    [0, 'empty', 1],
    [1, 'inline', 1],
    [BLOCK - 64, 'inline', 1],
    [BLOCK - 63, 'plain', 2],
    [BLOCK, 'plain', 2],
    [BLOCK + 1, 'inline', 2],
    [2 * BLOCK - 64, 'inline', 2],
    [2 * BLOCK - 1, 'plain', 3],
    [GROUP, 'plain', 17],
    [3 * GROUP + BLOCK + 5, 'inline', 50],
  ])('%i bytes: %s, %i blocks with the superblock', async (size, layout, blocks) => {
    const image = new TestImage();
    const { placement } = await image.store(size, [filled(size)]);
    expect(placement.layout).toBe(layout);
    expect(image.sink.blocks).toBe(blocks);
  });

  test('attributes leave less room for the tail', async () => {
    const xattrs = new Map([['user.x', new Uint8Array(100)]]);
    // 12 bytes of header, 4 of the entry's, 1 of name and 100 of value make 120 with padding.
    const limit = BLOCK - 64 - 120;
    const image = new TestImage();
    expect((await image.store(limit, [filled(limit)], xattrs)).placement.layout).toBe('inline');
    expect((await image.store(limit + 1, [filled(limit + 1)], xattrs)).placement.layout).toBe('plain');
  });
});

describe('holes', () => {
  const store = async (...parts: Uint8Array[]): Promise<{ stored: StoredFile; blocks: number }> => {
    const image = new TestImage();
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    return { stored: await image.store(size, parts), blocks: image.sink.blocks - 1 };
  };

  test('a file of zeros takes no block and one chunk', async () => {
    const { stored, blocks } = await store(filled(16 * GROUP, 0));
    expect(blocks).toBe(0);
    const runs = [{ firstBlock: 0, startBlock: undefined }];
    expect(stored.placement).toEqual({ layout: 'chunked', chunkBits: 18, runs });
  });

  test('chunks are as large as the places of holes allow', async () => {
    const { stored, blocks } = await store(
      filled(8 * GROUP),
      filled(8 * GROUP, 0),
      filled(4 * GROUP),
      filled(4 * GROUP, 0),
    );
    expect(blocks).toBe(12 * 16);
    expect(stored.placement).toMatchObject({ layout: 'chunked', chunkBits: 6 });
  });

  test('zeros that are not a whole aligned group are stored', async () => {
    const { stored } = await store(filled(1), filled(2 * GROUP - 2, 0), filled(1));
    expect(stored.placement.layout).toBe('plain');
  });

  test('the end of a file with holes may be one, that of another may not', async () => {
    const sparse = await store(filled(GROUP, 0), filled(GROUP), filled(100, 0));
    expect(sparse.stored.placement).toMatchObject({
      layout: 'chunked',
      runs: [{}, {}, { startBlock: undefined }],
    });
    expect((await store(filled(GROUP), filled(100, 0))).stored.placement.layout).toBe('inline');
  });

  test('less than 64 KiB is never chunked', async () => {
    expect((await store(filled(GROUP - 1, 0))).stored.placement.layout).toBe('plain');
  });

  test('are the same whatever the pieces', async () => {
    const content = Buffer.concat([
      filled(GROUP),
      filled(3 * GROUP, 0),
      filled(GROUP + 77),
      filled(GROUP, 0),
    ]);
    const whole = await store(content);
    for (const pieceSize of [100, 511, GROUP - 1, GROUP + 1, 200_000]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < content.length; at += pieceSize)
        pieces.push(content.subarray(at, at + pieceSize));
      expect(await store(...pieces)).toEqual(whole);
    }
  });
});

describe('equal files', () => {
  test('are stored once, with and without a tail, with holes, and empty', async () => {
    const image = new TestImage();
    for (const content of [
      filled(0),
      filled(10),
      filled(BLOCK),
      filled(9 * BLOCK + 3),
      Buffer.concat([filled(GROUP), filled(GROUP, 0)]),
    ]) {
      const first = await image.store(content.length, [content]);
      const { blocks } = image.sink;
      expect(await image.store(content.length, [content])).toBe(first);
      expect(image.sink.blocks).toBe(blocks);
    }
  });

  test('are not taken for equal when they differ in the middle only', async () => {
    const image = new TestImage();
    const contents = [0, 1, 2].map((fill) => {
      const content = filled(5 * BLOCK + 2000);
      content[2 * BLOCK] = fill;
      return content;
    });
    const stored = new Set<StoredFile>();
    for (const content of [...contents, ...contents])
      stored.add(await image.store(content.length, [content]));
    expect(stored.size).toBe(3);
  });

  test('are not taken for equal when only the places of holes differ', async () => {
    const image = new TestImage();
    const ends = [filled(GROUP), filled(GROUP)];
    const early = Buffer.concat([ends[0]!, filled(GROUP, 0), filled(GROUP, 2), filled(GROUP, 2), ends[1]!]);
    const late = Buffer.concat([ends[0]!, filled(GROUP, 2), filled(GROUP, 0), filled(GROUP, 2), ends[1]!]);
    const first = await image.store(early.length, [early]);
    const second = await image.store(late.length, [late]);
    expect(second).not.toBe(first);
    const root = directory([
      ['early', { type: 'file', ...attributes(), data: first }],
      ['late', { type: 'file', ...attributes(), data: second }],
    ]);
    await image.finish(root);
    const reader = await image.open();
    expect(Buffer.compare(await reader.readFile((await reader.lookup('late'))!, 1e6), late)).toBe(0);
  });

  test('digests are asked for only where size, beginning and end agree', async () => {
    const image = new TestImage();
    for (let index = 1; index < 50; index++) await image.store(3 * BLOCK, [filled(3 * BLOCK, index)]);
    expect(image.sink.digestCalls).toBe(0);
    await image.store(3 * BLOCK, [filled(3 * BLOCK, 7)]);
    expect(image.sink.digestCalls).toBe(2);
  });

  test('of less than a block share one when their copies would fill it', async () => {
    const sizes = async (copies: number): Promise<number> => {
      const image = new TestImage();
      const children = [];
      for (let copy = 0; copy < copies; copy++)
        children.push([`${copy}`, await image.file(filled(1000))] as const);
      const root = directory(children);
      const { blocks } = await image.finish(root);
      expect(await describeImage(await image.open())).toEqual(describeTree(root, image.contents));
      return blocks;
    };
    // The superblock, then either four copies beside their inodes in two blocks, or a shared one and the inodes in one.
    expect(await sizes(4)).toBe(3);
    expect(await sizes(60)).toBe(3);
  });
});

describe('content of another length', () => {
  test.each([
    ['shorter', 100, [filled(60), filled(39)], /file: the content has only 99 bytes where 100/],
    ['longer', 100, [filled(60), filled(41)], /file: the content has more bytes where 100/],
    ['none', 1, [], /only 0 bytes/],
    ['some for an empty file', 0, [filled(1)], /more bytes where 0/],
  ])('%s', async (_, size, pieces, message) => {
    const image = new TestImage();
    await expect(image.store(size, pieces)).rejects.toThrow(message);
    await expect(image.store(size, pieces)).rejects.toMatchObject({ name: 'ImageError', code: 'malformed' });
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('a size of %d', async (size) => {
    await expect(new TestImage().store(size, [])).rejects.toMatchObject({ code: 'out-of-range' });
  });
});
