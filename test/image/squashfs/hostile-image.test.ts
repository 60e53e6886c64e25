import { describe, expect, test } from 'vitest';
import { ImageError } from '../../../src/image/error.ts';
import { fixture, openImage, readAll } from './fixture.ts';

/** Reads everything, which must end with success or an ImageError. */
async function survives(image: Uint8Array): Promise<void> {
  try {
    await readAll(await openImage(image));
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
  }
}

describe.each(['gzip', 'lzma', 'lzo', 'xz', 'lz4', 'zstd', 'plain'])('a damaged image of %s', (name) => {
  const image = fixture(`tiny-${name}`);

  test('survives a change of every byte', async () => {
    for (let at = 0; at < image.length; at++) {
      for (const change of [0xff, 1 << (at % 8)]) {
        const damaged = image.slice();
        damaged[at] = damaged[at]! ^ change;
        await survives(damaged);
      }
    }
  });

  test('is refused when it is cut anywhere', async () => {
    for (let length = 0; length < image.length; length++) {
      await expect(openImage(image.subarray(0, length))).rejects.toBeInstanceOf(ImageError);
    }
  });
});

/** Of tiny-plain: where things are, since each table is one block that is not compressed. */
async function places() {
  const image = fixture('tiny-plain');
  const reader = await openImage(image);
  const { directoryTable, inodeTable } = reader.superblock;
  const inode = async (path: string) => (await reader.lookup(path))!;
  return {
    image,
    view: new DataView(image.buffer),
    inode,
    inodeAt: async (path: string) => inodeTable + 2 + (await inode(path)).reference,
    /** The entry with a name: its header of 8 bytes is before the name. */
    entryAt: (name: string) => {
      const at = Buffer.from(image).indexOf(name, directoryTable + 2, 'latin1') - 8;
      if (at < directoryTable) throw new Error(`there is no ${name}`);
      return at;
    },
    directoriesAt: directoryTable + 2,
  };
}

type Places = Awaited<ReturnType<typeof places>>;

async function expectRefused(
  change: (image: Places) => unknown,
  message: string | RegExp,
  code = 'malformed',
): Promise<void> {
  const changed = await places();
  await change(changed);
  const error = await openImage(changed.image)
    .then(readAll)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(ImageError);
  expect(error).toMatchObject({ code });
  expect(String(error)).toMatch(message);
}

describe('a superblock', () => {
  test.each([
    ['another magic number', 0, 0x78, 'the magic number is missing', 'malformed'],
    ['version 3.1', 28, 3, 'version 3.0 cannot be read here', 'out-of-range'],
    ['version 4.1', 30, 1, 'version 4.1 cannot be read here', 'out-of-range'],
    ['a compressor that is not known', 20, 7, 'compressor 7 is not known here', 'out-of-range'],
    ['blocks of 4097 bytes', 12, 1, 'blocks of 4097 bytes', 'malformed'],
    ['another logarithm', 22, 13, /blocks of 4096 bytes \(2\^13\)/, 'malformed'],
    ['more bytes than there are', 42, 1, /it says that \d+ bytes are used/, 'malformed'],
    ['inodes outside', 66, 1, 'the table of inodes is outside the file system', 'malformed'],
    ['directories outside', 79, 1, 'the table of directories is outside the file system', 'malformed'],
    ['the root elsewhere', 37, 9, 'is not within', 'malformed'],
  ])('with %s is refused', (_, at, byte, message, code) =>
    expectRefused(({ image }) => image.fill(byte, at, at + 1), message, code),
  );

  test('of a big-endian machine is refused', () =>
    expectRefused(({ image }) => image.set(Buffer.from('sqsh')), 'it is big-endian', 'out-of-range'));

  test('whose tables are in another order is refused', () =>
    expectRefused(({ view }) => {
      const inodes = view.getBigUint64(64, true);
      view.setBigUint64(64, view.getBigUint64(72, true), true);
      view.setBigUint64(72, inodes, true);
    }, 'the inodes are not before the directories'));
});

describe('a block of metadata', () => {
  test.each([0x8000, 0xa001, 0xffff])('with the header %i is refused', (header) =>
    expectRefused(
      ({ view }) => view.setUint16(Number(view.getBigUint64(64, true)), header, true),
      'is said to have',
    ),
  );
});

describe('an inode', () => {
  test.each([0, 15, 0xffff])('of type %i is refused', (type) =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint16(await inodeAt('other'), type, true),
      'it has no known type',
    ),
  );

  test('of another type than its entry says is refused', () =>
    expectRefused(
      ({ view, entryAt }) => view.setUint16(entryAt('link') + 4, 2, true),
      'calls a symlink a file',
    ));

  test('with another number than its entry says is refused', () =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint32((await inodeAt('other')) + 12, 1000, true),
      /calls inode 1000 \d/,
    ));

  test('with the number of another is refused', () =>
    expectRefused(async ({ view, inode, inodeAt, entryAt }) => {
      const file = (await inode('file')).nid;
      const other = (await inode('other')).nid;
      view.setUint32((await inodeAt('other')) + 12, file, true);
      const delta = entryAt('other') + 2;
      view.setInt16(delta, view.getInt16(delta, true) + file - other, true);
    }, 'another one has its number'));

  test('with an owner that there is not is refused', () =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint16((await inodeAt('other')) + 4, 9, true),
      'table of owners: there is no 9',
    ));

  test('with attributes that there are not is refused', () =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint32((await inodeAt('file')) + 16 + 36, 5, true),
      'there is no 5, only 1',
    ));

  test('of a link without a target is refused', () =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint32((await inodeAt('link')) + 16 + 4, 0, true),
      'a target of 0 bytes',
    ));

  test('of a link with a NUL is refused', () =>
    expectRefused(
      async ({ image, inodeAt }) =>
        image.fill(0, (await inodeAt('link')) + 16 + 8 + 1, (await inodeAt('link')) + 16 + 10),
      'the target holds a NUL',
    ));
});

describe('a file', () => {
  test('with a fragment that there is not is refused', () =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint32((await inodeAt('other')) + 16 + 4, 7, true),
      'table of fragments: there is no 7',
    ));

  test('with an end outside its fragment is refused', () =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint32((await inodeAt('other')) + 16 + 8, 4090, true),
      'its end is not within fragment 0',
    ));

  test('with a block larger than blocks are is refused', () =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint32((await inodeAt('numbers')) + 16 + 16, 5000, true),
      'a block is said to have 5000 bytes',
    ));

  test('with content outside is refused', () =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint32((await inodeAt('numbers')) + 16, 0xffff0000, true),
      "are not within the file system's",
    ));

  test('of more bytes than its blocks can be told of ends with an error', async () => {
    const { image, view, inodeAt } = await places();
    view.setBigUint64((await inodeAt('file')) + 16 + 8, 2n ** 52n, true);
    const reader = await openImage(image);
    const file = (await reader.lookup('file'))!;
    expect(file.size).toBe(2 ** 52);
    const read = async (): Promise<void> => {
      for await (const _ of reader.content(file));
    };
    await expect(read()).rejects.toBeInstanceOf(ImageError);
  });
});

describe('a directory', () => {
  test.each([
    ['with a slash', '/'],
    ['with a NUL', '\0'],
  ])('%s in a name is refused', (_, unit) =>
    expectRefused(({ image, entryAt }) => {
      image[entryAt('numbers') + 8 + 3] = unit.charCodeAt(0);
    }, 'is no name'),
  );

  test('whose names do not ascend is refused', () =>
    expectRefused(({ image, entryAt }) => {
      image[entryAt('numbers') + 8] = 0x61;
    }, "the name 'aumbers' comes after 'link'"));

  test('with too many entries behind a header is refused', () =>
    expectRefused(
      ({ view, directoriesAt }) => view.setUint32(directoriesAt, 256, true),
      'followed by 257 entries',
    ));

  test('that ends within an entry is refused', () =>
    expectRefused(
      async ({ view, inodeAt }) => view.setUint16((await inodeAt('dir')) + 16 + 8, 30, true),
      'the entries take more room than they have',
    ));

  test('that is in itself is refused', () =>
    expectRefused(async ({ view, inode, entryAt }) => {
      const entry = entryAt('dir');
      const directory = await inode('dir');
      const root = await inode('');
      view.setUint16(entry, root.reference, true);
      view.setInt16(entry + 2, view.getInt16(entry + 2, true) + root.nid - directory.nid, true);
    }, 'it has more than one name'));
});
