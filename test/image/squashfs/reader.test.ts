import { describe, expect, test } from 'vitest';
import { describeContent, describeImage, sha256 } from '../erofs/describe.ts';
import { fixture, openImage } from './fixture.ts';

const bytes = (text: string): string => describeContent(text.length, sha256(Buffer.from(text, 'latin1')));
const note = 'user.note=73616d65';
const long = `trusted.only=${'30'.repeat(299)}37`;
const t = 'trusted.t=74';
const holes = Buffer.alloc(20_000);
holes.write('middle', 9000);

const expected = [
  { path: '', type: 'directory', mode: 0o755, owner: '0:0', links: 4 },
  { path: 'big', type: 'directory', links: 2, xattrs: [t] },
  { path: 'block', type: 'block-device', content: '259:1048575' },
  { path: 'fifo', type: 'fifo', xattrs: [t] },
  {
    path: 'hello',
    content: bytes('hello\n'),
    mode: 0o4750,
    owner: '70000:12',
    links: 2,
    xattrs: [note],
    sameAs: 'hello',
  },
  { path: 'holes', content: describeContent(20_000, sha256(holes)) },
  { path: 'nothing', type: 'file', content: bytes('') },
  { path: 'null', type: 'character-device', content: '1:3', xattrs: [t] },
  { path: 'only-a-hole', content: bytes('\0'.repeat(8192)), links: 1 },
  { path: 'socket', type: 'socket' },
  { path: 'sub', type: 'directory', links: 3, xattrs: [t] },
  { path: 'sub/again', links: 2, sameAs: 'hello', xattrs: [note] },
  { path: 'sub/empty', type: 'directory', links: 2 },
  { path: 'sub/link', type: 'symlink', content: '../hello' },
  { path: 'sub/one', content: bytes('one'), xattrs: [long] },
  { path: 'sub/three', content: bytes('three'), xattrs: ['security.x=0001ff', long] },
  { path: 'sub/two', content: bytes('two'), xattrs: [long] },
  { path: 'ten-thousand', content: bytes('a'.repeat(10_000)), xattrs: [] },
];

describe('an image of mksquashfs', () => {
  test.each([
    ['gzip', ['gzip']],
    ['lzma', ['lzma']],
    ['lzo', ['lzo']],
    ['xz', ['xz']],
    ['lz4', ['lz4']],
    ['zstd', ['zstd']],
    ['plain', []],
    ['bcj', ['xz']],
  ])('%s', async (name, compression) => {
    const image = fixture(name);
    const reader = await openImage(image);
    expect(reader).toMatchObject({ type: 'squashfs', compression, size: image.length });
    expect(reader.superblock).toMatchObject({ blockSize: 4096, modificationTime: 1_600_000_001 });
    const described = await describeImage(reader);
    expect(described.every(({ mtime }) => mtime === '1600000000.0')).toBe(true);
    expect(described.filter(({ path }) => path.startsWith('big/'))).toHaveLength(150);
    expect(described.filter(({ path }) => !path.startsWith('big/'))).toMatchObject(expected);
  });

  test('without fragments and attributes', async () => {
    const described = await describeImage(await openImage(fixture('no-fragments')));
    const without = expected.map((file) => ({ ...file, xattrs: [] }));
    expect(described.filter(({ path }) => !path.startsWith('big/'))).toMatchObject(without);
  });
});

test('a walk names each directory before its content, which ascends', async () => {
  const paths: string[] = [];
  for await (const { path } of (await openImage(fixture('tiny-gzip'))).walk()) paths.push(path);
  expect(paths).toEqual(['', 'dir', 'file', 'link', 'numbers', 'other', 'dir/again']);
});

describe('a path', () => {
  test.each([
    ['', 'directory'],
    ['/', 'directory'],
    ['hello', 'file'],
    ['/sub//again', 'file'],
    ['sub/link', 'symlink'],
    ['big/1', 'file'],
    ['big/150', 'file'],
    ['big/99', 'file'],
    ['big/151', undefined],
    ['none', undefined],
    ['hello/x', undefined],
    ['sub/link/x', undefined],
    ['sub/..', undefined],
    ['sub/./again', undefined],
  ])('%j: %s', async (path, type) => {
    expect((await (await openImage(fixture('gzip'))).lookup(path))?.type).toBe(type);
  });

  test('leads to content, up to a limit', async () => {
    const reader = await openImage(fixture('gzip'));
    const file = (await reader.lookup('hello'))!;
    expect(Buffer.from(await reader.readFile(file, 6)).toString()).toBe('hello\n');
    await expect(reader.readFile(file, 5)).rejects.toMatchObject({ code: 'out-of-range' });
  });

  test('leads to entries, content and targets only of what has them', async () => {
    const reader = await openImage(fixture('gzip'));
    const file = (await reader.lookup('hello'))!;
    await expect(reader.entries(file).next()).rejects.toThrow('it is a file');
    await expect(reader.linkTarget(file)).rejects.toThrow('a file has no target');
    await expect(reader.content(await reader.root()).next()).rejects.toThrow('a directory has no content');
  });
});
