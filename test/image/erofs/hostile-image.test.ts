import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '../../../src/image/erofs/crc32c.ts';
import type { ErofsReader } from '../../../src/image/erofs/reader.ts';
import { ImageError } from '../../../src/image/error.ts';
import { attributes, directory, openImage, TestImage } from './build-image.ts';

/** What a damaged image's file may seem to have and still be read here. */
const READ_LIMIT = 1 << 22;

let image: Uint8Array;
/** Byte offsets of inodes by path. */
const at = new Map<string, number>();

beforeAll(async () => {
  const source = new TestImage();
  const mtime = { seconds: 1, nanoseconds: 2 };
  const xattrs = new Map([['user.shared', new Uint8Array(40).fill(1)]]);
  const own = new Map([...xattrs, ['trusted.own', Uint8Array.of(9)]]);
  const small = await source.file('small', { xattrs, mtime });
  const root = directory([
    ['a', directory([['b', directory([['c', small]])]])],
    ['chunked', await source.file(new Uint8Array(200_000).fill(1, 70_000), { mtime })],
    ['flat', await source.file(new Uint8Array(10_000).fill(7), { xattrs: own, mtime })],
    ['link', { type: 'symlink', ...attributes({ xattrs, mtime }), target: 'a/b/c' }],
    ['many', directory(Array.from({ length: 400 }, (_, index) => [`entry-${1000 + index}`, small]))],
  ]);
  await source.finish(root);
  image = source.sink.bytes().slice();
  const reader = await openImage(image);
  const { metaBlock, blockSize } = reader.superblock;
  for await (const { path, inode } of reader.walk()) at.set(path, metaBlock * blockSize + inode.nid * 32);
});

/** Opens a copy of the image after a change to its bytes, with a check sum that is right. */
function changed(change: (view: DataView, bytes: Uint8Array) => void): Promise<ErofsReader> {
  const bytes = image.slice();
  const view = new DataView(bytes.buffer);
  change(view, bytes);
  view.setUint32(1028, 0, true);
  view.setUint32(1028, crc32c(bytes.subarray(1024, 4096)), true);
  return openImage(bytes);
}

/** Reads everything an image has. */
async function readAll(reader: ErofsReader): Promise<void> {
  for await (const { inode } of reader.walk()) {
    await reader.xattrs(inode);
    if (inode.type === 'symlink') await reader.linkTarget(inode);
    if (inode.type !== 'file') continue;
    if (inode.size <= READ_LIMIT) await reader.readFile(inode, READ_LIMIT);
    else await reader.content(inode).next();
  }
}

async function expectRefused(
  change: (view: DataView, bytes: Uint8Array) => void,
  message: string | RegExp,
): Promise<void> {
  const attempt = changed(change).then(readAll);
  await expect(attempt).rejects.toThrow(message);
  await expect(attempt).rejects.toBeInstanceOf(ImageError);
}

test('the image without a change is read', async () => {
  await readAll(await changed(() => undefined));
});

test('any change of any bytes ends in an answer or an ImageError, and never reads outside', async () => {
  const offsets = fc.oneof(
    fc.integer({ min: 1024, max: 1152 }),
    fc.nat().map((offset) => image.length - 1 - (offset % 20_000)),
  );
  const changes = fc.array(fc.tuple(offsets, fc.constantFrom(0, 1, 2, 4, 8, 0x7f, 0x80, 0xff)), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(changes, async (all) => {
      try {
        await readAll(
          await changed((_, bytes) => {
            for (const [offset, value] of all) bytes[offset] = value;
          }),
        );
      } catch (error) {
        expect(error).toBeInstanceOf(ImageError);
      }
    }),
    { numRuns: 1000 },
  );
});

test('any length short of the whole is refused', async () => {
  for (const length of [0, 100, 1024, 1151, 1152, 2000, 4095, 4096, image.length - 4096, image.length - 1]) {
    await expect(openImage(image.subarray(0, length))).rejects.toBeInstanceOf(ImageError);
  }
});

describe('the superblock', () => {
  const sb = 1024;

  test('with a wrong check sum', async () => {
    const bytes = image.slice();
    bytes[4095] = 1;
    await expect(openImage(bytes)).rejects.toThrow(/check sum is 0x[0-9a-f]+, not 0x/);
  });

  test.each<[string, (view: DataView) => void, string]>([
    ['without magic', (view) => view.setUint8(sb, 0), 'magic'],
    ['with blocks of 256 bytes', (view) => view.setUint8(sb + 12, 8), 'blocks of 2^8 bytes'],
    ['with blocks of 2^200 bytes', (view) => view.setUint8(sb + 12, 200), 'blocks of 2^200 bytes'],
    ['with an unknown feature', (view) => view.setUint32(sb + 80, 0x8000_0004, true), '(0x80000000)'],
    ['with 48-bit addresses', (view) => view.setUint32(sb + 80, 0x80, true), '(48bit) (0x80)'],
    [
      'with a metabox',
      (view) => view.setUint32(sb + 80, 0x184, true),
      '(48bit) and inodes in a compressed one (metabox)',
    ],
    [
      'with unknown compression',
      (view) => {
        view.setUint32(sb + 80, 2, true);
        view.setUint16(sb + 84, 0x10, true);
      },
      'algorithms (0x10)',
    ],
    [
      'with a compression that is not described',
      (view) => {
        view.setUint32(sb + 80, 2, true);
        view.setUint16(sb + 84, 8, true);
      },
      'configuration of zstd',
    ],
    ['with more blocks than there are', (view) => view.setUint32(sb + 36, 1 << 20, true), 'do not fit'],
    ['without blocks', (view) => view.setUint32(sb + 36, 0, true), '0 blocks'],
    ['with inodes outside', (view) => view.setUint32(sb + 40, 1 << 20, true), 'inodes would be outside'],
    ['with a root outside', (view) => view.setUint16(sb + 14, 0xffff, true), 'EROFS inode 65535'],
    [
      'with shared attributes outside',
      (view) => view.setUint32(sb + 44, 1 << 20, true),
      'extended attributes',
    ],
    ['of the year 2^60', (view) => view.setBigUint64(sb + 24, 1n << 60n, true), 'the build time is'],
    ['with a billion nanoseconds', (view) => view.setUint32(sb + 32, 1e9, true), 'not a point in time'],
  ])('%s', (_, change, message) => expectRefused(change, message));
});

describe('an inode', () => {
  test.each<[string, string, (view: DataView, offset: number) => void, string]>([
    ['a', 'of no type', (view, offset) => view.setUint16(offset + 4, 0o644, true), 'has no file type'],
    [
      'a',
      'that is a file',
      (view, offset) => view.setUint16(offset + 4, 0o100644, true),
      'calls a file a directory',
    ],
    [
      '',
      'that is a file as root',
      (view, offset) => view.setUint16(offset + 4, 0o100644, true),
      'the root is a file',
    ],
    [
      'flat',
      'with unknown format bits',
      (view, offset) => view.setUint16(offset, 0x15, true),
      'unknown bits',
    ],
    [
      'flat',
      'of an unknown layout',
      (view, offset) => view.setUint16(offset, 1 | (5 << 1), true),
      'layout (5)',
    ],
    [
      'flat',
      'that is compressed',
      (view, offset) => view.setUint16(offset, 1 | (1 << 1), true),
      'EROFS inode',
    ],
    [
      'flat',
      'of 2^60 bytes',
      (view, offset) => view.setBigUint64(offset + 8, 1n << 60n, true),
      'the size is',
    ],
    [
      'flat',
      'larger than the image',
      (view, offset) => view.setUint32(offset + 8, 4_000_000, true),
      'not within',
    ],
    [
      'flat',
      'with blocks outside',
      (view, offset) => view.setUint32(offset + 16, 1 << 30, true),
      'not within',
    ],
    [
      'flat',
      'with a tail over a block boundary',
      (view, offset) => view.setUint32(offset + 8, 12_287, true),
      'crosses a block',
    ],
    [
      'flat',
      'with a billion nanoseconds',
      (view, offset) => view.setUint32(offset + 40, 1e9, true),
      '1000000000 nanoseconds',
    ],
    [
      'chunked',
      'with an unknown chunk format',
      (view, offset) => view.setUint32(offset + 16, 0x40, true),
      'layout (4)',
    ],
    [
      'chunked',
      'with chunks outside',
      (view, offset) => view.setUint32(offset + 68, 1 << 20, true),
      'chunk 1',
    ],
    [
      'chunked',
      'with a table outside',
      (view, offset) => view.setBigUint64(offset + 8, 1n << 50n, true),
      'table of chunks',
    ],
    [
      'link',
      'with an empty target',
      (view, offset) => view.setUint32(offset + 8, 0, true),
      'a target of 0 bytes',
    ],
    [
      'link',
      'with a target of 5,000 bytes',
      (view, offset) => view.setUint32(offset + 8, 5000, true),
      'target',
    ],
    [
      'flat',
      'with more shared attributes than fit',
      (view, offset) => view.setUint8(offset + 68, 255),
      'more shared ones',
    ],
    [
      'flat',
      'with a shared attribute outside',
      (view, offset) => view.setUint32(offset + 76, 0xffff_fff0, true),
      'not within',
    ],
    [
      'flat',
      'with too long an attribute',
      (view, offset) => view.setUint16(offset + 82, 50, true),
      'longer than all',
    ],
    [
      'flat',
      'with an attribute of no known kind',
      (view, offset) => view.setUint8(offset + 81, 9),
      'is no name',
    ],
    [
      'flat',
      'with a million attributes',
      (view, offset) => view.setUint16(offset + 2, 0xffff, true),
      'EROFS inode',
    ],
  ])('%j %s', (path, _, change, message) => expectRefused((view) => change(view, at.get(path)!), message));
});

describe('a directory', () => {
  const entryOf = (bytes: Uint8Array, name: string): number => {
    // Entries of small directories lie beside the inode; names are unique in the image.
    const nameAt = Buffer.from(bytes.buffer).lastIndexOf(name);
    if (nameAt < 0) throw new Error(`no ${name}`);
    return nameAt;
  };

  test('that holds itself', () =>
    expectRefused((view) => {
      const root = view.getUint16(1024 + 14, true);
      // The second of three entries (`.`, `..`, `b`) of /a is its parent, the third made the root.
      view.setBigUint64(at.get('a')! + 32 + 24, BigInt(root), true);
    }, 'it has more than one name'));

  test('with an entry outside the file system', () =>
    expectRefused((view) => view.setBigUint64(at.get('a')! + 32 + 24, 1n << 40n, true), 'not within'));

  test('with an entry number above 2^53', () =>
    expectRefused((view) => view.setBigUint64(at.get('a')! + 32 + 24, 1n << 60n, true), 'more than 2^53'));

  test('with names out of order', () =>
    expectRefused((_, bytes) => {
      bytes[entryOf(bytes, 'chunked')] = 0x7a;
    }, /comes after 'z?hunked'/));

  test.each([0x2f, 0])('with the byte %i in a name', (byte) =>
    expectRefused((_, bytes) => {
      bytes[entryOf(bytes, 'chunked') + 3] = byte;
    }, 'is no name'),
  );

  test.each([0, 8, 255])('with the type %i', (type) =>
    expectRefused((view) => view.setUint8(at.get('a')! + 32 + 24 + 10, type), "'b' has no known type"),
  );

  test.each([0, 11, 13, 4092, 0xffff])('with the first name at %i', (offset) =>
    expectRefused((view) => view.setUint16(at.get('a')! + 32 + 8, offset, true), /first name|out of place/),
  );

  test.each([0, 36, 1000])('with the second name at %i', (offset) =>
    expectRefused((view) => view.setUint16(at.get('a')! + 32 + 12 + 8, offset, true), 'out of place'),
  );

  test('made of a hole', () =>
    expectRefused((view) => {
      const chunked = at.get('chunked')!;
      view.setUint16(chunked + 4, 0o40755, true);
      // The root's entries are in order: `.`, `..`, `a`, `chunked`.
      view.setUint8(at.get('')! + 32 + 3 * 12 + 10, 2);
    }, 'first name'));

  test('that shares the entries of another, over and over', async () => {
    const source = new TestImage();
    const fat = directory(
      Array.from({ length: 400 }, (_, index) => [
        `file-${index}`,
        { type: 'fifo' as const, ...attributes() },
      ]),
    );
    const thin = Array.from({ length: 300 }, (_, index) => [`dir-${index}`, directory()] as const);
    await source.finish(directory([['fat', fat], ...thin]));
    const bytes = source.sink.bytes().slice();
    const reader = await openImage(bytes);
    const offset = (nid: number): number => reader.superblock.metaBlock * 4096 + nid * 32;
    const fatAt = offset((await reader.lookup('fat'))!.nid);
    for (const [name] of thin) {
      const inodeAt = offset((await reader.lookup(name))!.nid);
      // FLAT_PLAIN, with the full block of the fat one.
      bytes.set([0, 0], inodeAt);
      bytes.set(bytes.subarray(fatAt + 16, fatAt + 20), inodeAt + 16);
      new DataView(bytes.buffer).setUint32(inodeAt + 8, 4096, true);
    }
    await expect(readAll(await openImage(bytes))).rejects.toThrow('directories share their entries');
  });
});
