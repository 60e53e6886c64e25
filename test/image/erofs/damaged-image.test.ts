import { expect, test } from 'vitest';
import { checkErofsStructure } from '../../../src/image/erofs/check-structure.ts';
import { crc32c } from '../../../src/image/erofs/crc32c.ts';
import type { ErofsReader } from '../../../src/image/erofs/reader.ts';
import { ImageError } from '../../../src/image/error.ts';
import { decompressors } from '../../../src/platform/decompressors.ts';
import { erofsFixture } from '../../support/erofs-fixtures.ts';
import { openImage } from './build-image.ts';

/** What a damaged image's file may seem to have and still be read here. */
const READ_LIMIT = 1 << 18;
const SUPERBLOCK = 1024;
const CHECKSUM = SUPERBLOCK + 4;
const BLOCK_BITS = SUPERBLOCK + 12;

/** Corrects the check sum, so that what is behind it is reached. */
function withChecksum(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  const view = new DataView(bytes.buffer);
  const blockSize = 2 ** view.getUint8(BLOCK_BITS);
  const length = blockSize > SUPERBLOCK ? blockSize - SUPERBLOCK : blockSize;
  view.setUint32(CHECKSUM, 0, true);
  view.setUint32(CHECKSUM, crc32c(bytes.subarray(SUPERBLOCK, SUPERBLOCK + length)), true);
  return bytes;
}

/** Reads everything, as far as it goes; what it throws must be an ImageError. */
async function readAll(reader: ErofsReader): Promise<void> {
  await tolerant(async () => {
    for await (const { inode } of reader.walk()) {
      await tolerant(() => reader.xattrs(inode));
      if (inode.type === 'symlink') await tolerant(() => reader.linkTarget(inode));
      if (inode.type !== 'file') continue;
      await tolerant(() =>
        inode.size <= READ_LIMIT ? reader.readFile(inode, READ_LIMIT) : reader.content(inode).next(),
      );
    }
  });
  await checkErofsStructure(reader, { content: true }).catch(expectImageError);
}

async function tolerant(read: () => Promise<unknown>): Promise<void> {
  await read().catch(expectImageError);
}

function expectImageError(error: unknown): void {
  expect(error).toBeInstanceOf(ImageError);
}

/** Opens and reads a copy of an image after a change. */
async function readChanged(
  image: Uint8Array<ArrayBuffer>,
  change: (copy: Uint8Array) => void,
): Promise<void> {
  const copy = image.slice();
  change(copy);
  await tolerant(async () => readAll(await openImage(withChecksum(copy), decompressors)));
}

test.each(['tiny-lz4', 'tiny-lzma', 'tiny-deflate', 'tiny-zstd'])(
  '%s with any byte inverted is read, or refused with an ImageError',
  async (name) => {
    const image = erofsFixture(name);
    for (let offset = SUPERBLOCK; offset < image.length; offset++) {
      await readChanged(image, (copy) => {
        copy[offset] = copy[offset]! ^ 0xff;
      });
    }
  },
);

test.each(['tiny-lz4', 'tiny-zstd'])('%s with any bit of its metadata inverted likewise', async (name) => {
  const image = erofsFixture(name);
  const reader = await openImage(image, decompressors);
  const { metaBlock, blockSize } = reader.superblock;
  const starts = new Set([SUPERBLOCK]);
  // An inode with the header and index of its clusters; compressed data was damaged above.
  for await (const { inode } of reader.walk()) starts.add(metaBlock * blockSize + inode.nid * 32);
  for (const start of starts) {
    for (let bit = start * 8; bit < Math.min(start + 128, image.length) * 8; bit++) {
      await readChanged(image, (copy) => {
        copy[bit >>> 3] = copy[bit >>> 3]! ^ (1 << (bit & 7));
      });
    }
  }
});

test.each(['tiny-lz4', 'tiny-deflate'])('%s cut off anywhere is refused', async (name) => {
  const image = erofsFixture(name);
  const { size } = await openImage(image, decompressors);
  for (let length = 0; length < size; length += 97) {
    await expect(openImage(image.slice(0, length), decompressors)).rejects.toBeInstanceOf(ImageError);
  }
});
