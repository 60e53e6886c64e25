import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/base/byte-string.ts';
import { ImageError } from '../../src/image/error.ts';
import { type ProbedFileSystem, probeFileSystem } from '../../src/image/probe-file-system.ts';
import { fixture as squashfs } from './squashfs/fixture.ts';

const MIB = 1 << 20;
const erofs = gunzipSync(readFileSync(new URL('erofs/fixtures/plain.erofs.gz', import.meta.url)));
const UUID = Uint8Array.from({ length: 16 }, (_, index) => index + 0xa0);
const UUID_TEXT = 'a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf';

/** Probes a file of zeros in which something stands at some offsets. */
function probe(
  size: number,
  parts: Record<number, string | Uint8Array>,
): Promise<ProbedFileSystem | undefined> {
  const bytes = new Uint8Array(size);
  for (const [at, part] of Object.entries(parts)) {
    bytes.set(typeof part === 'string' ? bytesOf(part) : part, Number(at));
  }
  return probeBytes(bytes);
}

function probeBytes(bytes: Uint8Array): Promise<ProbedFileSystem | undefined> {
  return probeFileSystem({
    size: bytes.length,
    read(offset, length) {
      if (offset + length > bytes.length) throw new Error(`read ${length} bytes at ${offset}`);
      return bytes.subarray(offset, offset + length);
    },
  });
}

const ext = { 1080: '\x53\xef', 1128: UUID, 1144: ' a label\0 and more' };
const NO_UUID = { type: 'LVM2_member', uuid: undefined };
const lvm = { 512: 'LABELONE\x01', 536: 'LVM2 001', 544: 'abcdef1234ABCDefgh5678XYZW123456' };

describe('what a file holds', () => {
  test.each<[string, Promise<ProbedFileSystem | undefined>, ProbedFileSystem | undefined]>([
    ['nothing', probe(MIB, {}), undefined],
    ['no bytes', probe(0, {}), undefined],
    ['a magic number at the end of the file', probe(1082, { 1080: '\x53\xef' }), { type: 'ext2' }],
    ['ext2', probe(MIB, ext), { type: 'ext2', uuid: UUID_TEXT, label: 'a label' }],
    ['ext3', probe(MIB, { ...ext, 1116: '\x04' }), { type: 'ext3', uuid: UUID_TEXT, label: 'a label' }],
    ['ext4 with extents', probe(MIB, { 1080: '\x53\xef', 1116: '\x04', 1120: '\x40' }), { type: 'ext4' }],
    ['ext4 with large files', probe(MIB, { 1080: '\x53\xef', 1124: '\x08' }), { type: 'ext4' }],
    ['ext2 with a journal to play back', probe(MIB, { 1080: '\x53\xef', 1120: '\x04' }), undefined],
    ['LVM2', probe(2 * MIB, lvm), { type: 'LVM2_member', uuid: 'abcdef-1234-ABCD-efgh-5678-XYZW-123456' }],
    ['LVM2 with an escape sequence', probe(2 * MIB, { ...lvm, 544: '\x1b[2J' }), NO_UUID],
    ['LVM2 on a floppy', probe(MIB, lvm), undefined],
    ['LVM2 that says another sector', probe(2 * MIB, { ...lvm, 512: 'LABELONE\x02' }), undefined],
    ['LVM2 with ext2 from before', probe(2 * MIB, { ...ext, ...lvm }), { type: 'LVM2_member' }],
    ['btrfs smaller than that can be', probe(MIB - 1, { 65600: '_BHRfS_M' }), undefined],
    ['btrfs', probe(MIB, { 65600: '_BHRfS_M', 65835: 'ü' }), { type: 'btrfs', label: 'ü' }],
    ['XFS that makes no sense', probe(MIB, { 0: 'XFSB' }), undefined],
    ['a LUKS2 header from elsewhere', probe(MIB, { 0: 'LUKS\xba\xbe\0\x02', 263: '\x01' }), undefined],
    ['an old swap', probe(MIB, { 4086: 'SWAP-SPACE' }), { type: 'swap' }],
    ['swap without pages', probe(MIB, { 4086: 'SWAPSPACE2', 1024: '\x01' }), undefined],
    ['a boot sector', probe(MIB, { 510: '\x55\xaa' }), undefined],
    ['erofs', probeBytes(erofs), { type: 'erofs', label: 'fixture' }],
    ['squashfs', probeBytes(squashfs('gzip')), { type: 'squashfs' }],
  ])('%s', async (_, found, expected) => {
    if (expected === undefined) expect(await found).toBeUndefined();
    else expect(await found).toMatchObject(expected);
  });

  test('is refused where it is two things', async () => {
    const both = probe(2 * MIB, { ...ext, 0: 'hsqs', 28: '\x04' });
    await expect(both).rejects.toMatchObject({
      code: 'malformed',
      message: 'file system: there are superblocks of several: ext2, squashfs',
    });
  });

  test('is the first of two things on a floppy', async () => {
    expect(await probe(MIB, { ...ext, 0: 'hsqs', 28: '\x04' })).toMatchObject({ type: 'ext2' });
  });

  test('never fails but for that', async () => {
    const magics = fc.constantFrom<[number, string]>(
      [1080, '\x53\xef'],
      [0, 'hsqs'],
      [0, 'XFSB'],
      [0, 'LUKS\xba\xbe'],
      [0, 'verity\0\0'],
      [1024, '\xe2\xe1\xf5\xe0'],
      [1024, '\x10\x20\xf5\xf2'],
      [32769, 'CD001'],
      [4086, 'SWAPSPACE2'],
      [510, '\x55\xaa'],
      [82, 'FAT32   '],
      [512, 'LABELONE'],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2048, size: 'max' }),
        fc.array(magics, { maxLength: 3 }),
        fc.constantFrom(40_000, 2 * MIB),
        async (noise, found, size) => {
          try {
            await probe(size, { 0: noise, ...Object.fromEntries(found) });
          } catch (error) {
            expect(error).toBeInstanceOf(ImageError);
          }
        },
      ),
    );
  });
});
