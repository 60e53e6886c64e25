import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkErofsStructure, type ErofsFindingCode } from '../../../src/image/erofs/check-structure.ts';
import { crc32c } from '../../../src/image/erofs/crc32c.ts';
import { mapContent } from '../../../src/image/erofs/read-mapping.ts';
import { decompressors } from '../../../src/platform/decompressors.ts';
import { erofsFixture } from '../../support/erofs-fixtures.ts';
import { makeTree, trees } from './arbitrary-tree.ts';
import { attributes, directory, openImage, TestImage } from './build-image.ts';

let image: Uint8Array;
/** Byte offsets of inodes, and their numbers, by path. */
const at = new Map<string, number>();
const nids = new Map<string, number>();
/** By how much the first are greater than 32 times the others. */
let metadataStart = 0;

beforeAll(async () => {
  const source = new TestImage();
  const mtime = { seconds: 1, nanoseconds: 2 };
  const xattrs = new Map([['user.shared', new Uint8Array(40).fill(1)]]);
  const linked = await source.file('linked', { mtime });
  const root = directory([
    ['a', directory([['b', directory([['c', await source.file('small', { mtime, xattrs })]])]])],
    ['chunked', await source.file(new Uint8Array(200_000).fill(1, 70_000), { mtime })],
    ['flat', await source.file(new Uint8Array(10_000).fill(7), { mtime, xattrs })],
    ['link', { type: 'symlink', ...attributes({ mtime }), target: 'a/b/c' }],
    ['one', linked],
    ['other', await source.file(new Uint8Array(10_000).fill(8), { mtime })],
    ['two', linked],
  ]);
  await source.finish(root);
  image = source.sink.bytes().slice();
  const reader = await openImage(image);
  metadataStart = reader.superblock.metaBlock * reader.superblock.blockSize;
  for await (const { path, inode } of reader.walk()) {
    at.set(path, metadataStart + inode.nid * 32);
    nids.set(path, inode.nid);
  }
});

/** The findings about a copy of the image after a change to its bytes. */
async function findingsAfter(
  change: (view: DataView, bytes: Uint8Array) => void,
): Promise<Awaited<ReturnType<typeof checkErofsStructure>>> {
  const bytes = image.slice();
  const view = new DataView(bytes.buffer);
  change(view, bytes);
  view.setUint32(1028, 0, true);
  view.setUint32(1028, crc32c(bytes.subarray(1024, 4096)), true);
  return checkErofsStructure(await openImage(bytes), { content: true });
}

/** Offset of an entry's 12 bytes in a directory whose entries follow its inode of 32 bytes. */
const entry = (path: string, index: number): number => at.get(path)! + 32 + 12 * index;
const nid = (path: string): bigint => BigInt(nids.get(path)!);

test('a sound image has no findings', async () => {
  expect(await findingsAfter(() => undefined)).toEqual([]);
});

type Change = (view: DataView, bytes: Uint8Array) => void;
const cases: [string, Change, ErofsFindingCode, 'error' | 'warning', string[], RegExp][] = [
  [
    'an inode of no type',
    (view) => view.setUint16(at.get('flat')! + 4, 0o644, true),
    'inode-malformed',
    'error',
    ['flat'],
    /has no file type/,
  ],
  [
    'content outside',
    (view) => view.setUint32(at.get('flat')! + 16, 1 << 30, true),
    'inode-malformed',
    'error',
    ['flat'],
    /not within the file system/,
  ],
  [
    'names out of order',
    (_, bytes) => {
      bytes[Buffer.from(bytes.buffer).lastIndexOf('chunked')] = 0x7a;
    },
    'directory-malformed',
    'error',
    ['/'],
    /comes after/,
  ],
  [
    'a slash in a name',
    (_, bytes) => {
      bytes[Buffer.from(bytes.buffer).lastIndexOf('chunked') + 2] = 0x2f;
    },
    'directory-malformed',
    'error',
    ['/'],
    /is no name/,
  ],
  [
    "a '..' that leads elsewhere",
    (view) => view.setBigUint64(entry('a', 1), nid('a'), true),
    'directory-dots',
    'error',
    ['a'],
    /'\.\.' leads to inode/,
  ],
  [
    "a '.' that leads elsewhere",
    (view) => view.setBigUint64(entry('a', 0), nid(''), true),
    'directory-dots',
    'error',
    ['a'],
    /'\.' leads to inode/,
  ],
  [
    'a directory inside itself',
    (view) => view.setBigUint64(entry('a', 2), nid('a'), true),
    'directory-loop',
    'error',
    ['a/b'],
    /more than one name/,
  ],
  [
    'an entry of another type',
    (view) => view.setUint8(entry('a', 2) + 10, 1),
    'entry-type',
    'error',
    ['a/b'],
    /'b' is a directory, not a file/,
  ],
  [
    'a NUL in a target',
    (view) => view.setUint8(at.get('link')! + 64, 0),
    'symlink-target',
    'error',
    ['link'],
    /holds a NUL/,
  ],
  [
    'an attribute of no known kind',
    (_, bytes) => {
      bytes[Buffer.from(bytes.buffer).lastIndexOf('shared') - 3] = 9;
    },
    'xattrs-malformed',
    'error',
    ['a/b/c'],
    /is no name/,
  ],
  [
    'two files that overlap in part',
    (view) => view.setUint32(at.get('other')! + 16, view.getUint32(at.get('flat')! + 16, true) + 1, true),
    'overlap',
    'error',
    ['other'],
    /is where other content/,
  ],
  [
    'content that is metadata',
    (view) => view.setUint32(at.get('other')! + 16, Math.floor(at.get('other')! / 4096) - 1, true),
    'overlap',
    'error',
    ['other'],
    /content/,
  ],
  [
    'a link too many',
    (view) => view.setUint32(at.get('one')! + 44, 3, true),
    'link-count',
    'warning',
    ['one', 'two'],
    /1 names fewer than links/,
  ],
  [
    'a link too few',
    (view) => view.setUint32(at.get('one')! + 44, 1, true),
    'link-count',
    'warning',
    ['two'],
    /more names than its 1 links/,
  ],
  [
    'a directory with another number of links',
    (view) => view.setUint16(at.get('a')! + 6, 5, true),
    'link-count',
    'warning',
    ['a'],
    /5 links, not 3/,
  ],
  [
    'another number of inodes',
    (view) => view.setBigUint64(1024 + 16, 77n, true),
    'inode-count',
    'warning',
    [],
    /77 inodes, not/,
  ],
];

describe('an image with', () => {
  test.each(cases)('%s', async (_, change, code, level, subjects, message) => {
    const found = (await findingsAfter(change)).find((finding) => finding.code === code);
    expect(found).toMatchObject({
      level,
      layer: 'file-system',
      subjects: expect.arrayContaining(subjects),
      message: expect.stringMatching(message),
    });
    expect(found?.hint).toBeTruthy();
  });
});

test('an inode inside another one overlaps it', async () => {
  const findings = await findingsAfter((view, bytes) => {
    // A file of 32 bytes amid the extended inode of another, whose name is led there.
    const inner = at.get('other')! + 32;
    bytes.copyWithin(inner, at.get('link')!, at.get('link')! + 32);
    view.setUint16(inner, 0, true);
    view.setUint16(inner + 4, 0o010644, true);
    const second = Buffer.from(bytes.buffer).lastIndexOf('one');
    expect(second).toBeGreaterThan(0);
    view.setBigUint64(entry('', 6), BigInt((inner - metadataStart) / 32), true);
    view.setUint8(entry('', 6) + 10, 5);
  });
  expect(findings).toContainEqual(expect.objectContaining({ code: 'overlap', subjects: ['other'] }));
});

test('clusters that cannot be decompressed are found, with their files, where content is looked at', async () => {
  const bytes = erofsFixture('tiny-deflate');
  const reader = await openImage(bytes, decompressors);
  for await (const extent of mapContent(
    reader.parts.bytes,
    reader.superblock,
    (await reader.lookup('again'))!,
  )) {
    if (extent.kind !== 'cluster') continue;
    const start = bytes.findIndex((byte, index) => index >= extent.offset && byte !== 0);
    // Deflate has no blocks of type 3.
    bytes[start] = 7;
    break;
  }
  expect(await checkErofsStructure(reader, { content: false })).toEqual([]);
  expect(await checkErofsStructure(reader, { content: true })).toMatchObject([
    {
      code: 'content-undecodable',
      level: 'error',
      subjects: ['again'],
      message: expect.stringMatching(/deflate data at \d+ cannot/),
    },
  ]);
});

test('attributes that the filter hides from the kernel are found', async () => {
  const bytes = erofsFixture('lzma');
  const reader = await openImage(bytes, decompressors);
  const { xattrArea } = (await reader.lookup('numbers'))!;
  // The filter comes first; a set bit tells that a name is absent.
  bytes.fill(0xff, xattrArea.offset, xattrArea.offset + 4);
  expect(await checkErofsStructure(reader, { content: false })).toMatchObject([
    { code: 'xattrs-hidden', level: 'error', subjects: ['numbers'] },
  ]);
});

test('images of our own writer have no findings, whatever the tree', async () => {
  await fc.assert(
    fc.asyncProperty(trees, async (plan) => {
      const source = new TestImage();
      await source.finish(await makeTree(source, plan));
      expect(await checkErofsStructure(await source.open(), { content: true })).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
