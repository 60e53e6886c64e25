import { describe, expect, test } from 'vitest';
import { checkErofsStructure } from '../../../src/image/erofs/check-structure.ts';
import { ErofsReader } from '../../../src/image/erofs/reader.ts';
import { decompressors } from '../../../src/platform/decompressors.ts';
import { erofsFixture, erofsFixtures, FIXTURE_XATTRS, fixtureFiles } from '../../support/erofs-fixtures.ts';
import { openImage } from './build-image.ts';
import { describeContent, describeImage, sha256 } from './describe.ts';

const note = [...FIXTURE_XATTRS].map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`);

describe.each(Object.entries(erofsFixtures))('%s, an image of mkfs.erofs', (name, { tree, compression }) => {
  test('holds what was put in', async () => {
    const reader = await openImage(erofsFixture(name), decompressors);
    expect(reader.compression).toEqual(compression);
    const described = new Map((await describeImage(reader)).map((file) => [file.path, file]));
    const files = fixtureFiles(tree);
    for (const [path, content] of files) {
      const isMarked = tree === 'varied' && /^(numbers|small\/[012])$/.test(path);
      expect(described.get(path)).toMatchObject({
        type: 'file',
        content: describeContent(content.length, sha256(content)),
        mode: 0o644,
        xattrs: isMarked ? note : [],
        mtime: '1600000000.0',
      });
    }
    expect(described.get('link')).toMatchObject({ type: 'symlink', content: 'numbers' });
    if (tree === 'varied') {
      expect(described.get('sizes/hard')).toMatchObject({ links: 2, sameAs: 'mixed' });
      expect(described.get('null')).toMatchObject({ type: 'character-device', content: '1:3' });
      expect(described.get('')).toMatchObject({ xattrs: ['user.root=72'] });
    }
    const others =
      tree === 'varied' ? ['', 'link', 'null', 'sizes', 'sizes/hard', 'small'] : ['', 'a', 'link'];
    expect([...described.keys()].sort()).toEqual([...files.keys(), ...others].sort());
  });

  test('comes in pieces, whatever the source hands out', async () => {
    const image = erofsFixture(name);
    const reader = await ErofsReader.open(
      { size: image.length, read: async (offset, length) => image.slice(offset, offset + length) },
      decompressors,
    );
    const [path, content] = [...fixtureFiles(tree)].at(-1)!;
    const inode = (await reader.lookup(path))!;
    const pieces: Uint8Array[] = [];
    for await (const piece of reader.content(inode)) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
  });

  test.each([true, false])('has a structure without findings (content: %s)', async (content) => {
    expect(
      await checkErofsStructure(await openImage(erofsFixture(name), decompressors), { content }),
    ).toEqual([]);
  });
});

test('content is not read without the decompressor it needs, all else is', async () => {
  const reader = await openImage(erofsFixture('zstd'));
  expect((await describeNames(reader)).length).toBeGreaterThan(30);
  const inode = (await reader.lookup('zeros'))!;
  await expect(reader.readFile(inode, 1 << 20)).rejects.toMatchObject({
    code: 'out-of-range',
    message: expect.stringContaining('compressed with zstd'),
  });
});

async function describeNames(reader: ErofsReader): Promise<string[]> {
  const names: string[] = [];
  for await (const { path } of reader.walk()) names.push(path);
  return names;
}
