import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { attributes, directory, openImage, TestImage } from './build-image.ts';
import { describeContent, describeImage, sha256 } from './describe.ts';

/** Images that mkfs.erofs 1.8.6 wrote of the same tree. */
const fixture = (name: string): Uint8Array =>
  gunzipSync(readFileSync(new URL(`fixtures/${name}.erofs.gz`, import.meta.url)));

describe('an image of mkfs.erofs', () => {
  const note = 'user.note=73616d65';
  const fiveThousand = describeContent(5000, sha256(new Uint8Array(5000).fill(0x61)));
  const hello = describeContent(6, sha256(Buffer.from('hello\n')));

  test.each([
    ['plain', 4096, '1600000000.123456789'],
    ['indexes', 1024, '1600000001.0'],
  ])('%s, blocks of %i bytes', async (name, blockSize, mtime) => {
    const reader = await openImage(fixture(name));
    expect(reader.superblock).toMatchObject({
      blockSize,
      inodes: 161,
      buildTime: { seconds: 1_600_000_001 },
    });
    expect(Buffer.from(reader.superblock.uuid).toString('hex')).toBe('6f1b0bcb4a435b528d1a0123456789ab');
    const described = await describeImage(reader);
    expect(described.every((file) => file.mtime === mtime)).toBe(true);
    expect(described.filter(({ path }) => path.startsWith('big/'))).toHaveLength(150);
    expect(described.filter(({ path }) => !path.startsWith('big/'))).toMatchObject([
      { path: '', type: 'directory', links: 4 },
      { path: '!before-dots', content: describeContent(1, sha256(Buffer.from('x'))) },
      { path: 'big', type: 'directory', links: 2, mode: 0o755 },
      { path: 'block', type: 'block-device', content: '259:1048575' },
      { path: 'empty', type: 'file', content: describeContent(0, sha256(new Uint8Array(0))), xattrs: [note] },
      { path: 'fifo', type: 'fifo' },
      {
        path: 'five-thousand',
        content: fiveThousand,
        owner: '70000:12',
        xattrs: [`trusted.only=${'30'.repeat(299)}37`, note],
      },
      { path: 'hello', content: hello, mode: 0o4750, links: 2, xattrs: [note], sameAs: 'hello' },
      { path: 'null', type: 'character-device', content: '1:3' },
      { path: 'sub', type: 'directory', xattrs: [note] },
      { path: 'sub/again', content: hello, sameAs: 'hello' },
      { path: 'sub/link', type: 'symlink', content: '../hello' },
    ]);
  });

  test('has its label', async () => {
    expect((await openImage(fixture('plain'))).superblock.volumeName).toBe('fixture');
  });
});

describe('a path', () => {
  const open = async () => {
    const image = new TestImage();
    const file = await image.file('content');
    const link = { type: 'symlink' as const, ...attributes(), target: 'file' };
    const many = Array.from({ length: 2000 }, (_, index) => [`name-${index}`, file] as const);
    await image.finish(
      directory([
        [
          'usr',
          directory([
            ['file', file],
            ['link', link],
            ['many', directory(many)],
          ]),
        ],
      ]),
    );
    return image.open();
  };

  test.each([
    ['', 'directory'],
    ['/', 'directory'],
    ['usr/file', 'file'],
    ['/usr//file', 'file'],
    ['usr/link', 'symlink'],
    ['usr/many/name-0', 'file'],
    ['usr/many/name-1234', 'file'],
    ['usr/many/name-999', 'file'],
    ['usr/none', undefined],
    ['usr/file/x', undefined],
    ['usr/link/x', undefined],
    ['usr/..', undefined],
    ['usr/./file', undefined],
    ['usr/many/name-2000', undefined],
  ])('%j: %s', async (path, type) => {
    expect((await (await open()).lookup(path))?.type).toBe(type);
  });

  test('leads to content, up to a limit', async () => {
    const reader = await open();
    const file = (await reader.lookup('usr/file'))!;
    expect(Buffer.from(await reader.readFile(file, 7)).toString()).toBe('content');
    await expect(reader.readFile(file, 6)).rejects.toMatchObject({ code: 'out-of-range' });
  });

  test('leads to entries and targets only of what has them', async () => {
    const reader = await open();
    const file = (await reader.lookup('usr/file'))!;
    await expect(reader.entries(file).next()).rejects.toThrow('is a file');
    await expect(reader.linkTarget(file)).rejects.toThrow('has no target');
  });
});
