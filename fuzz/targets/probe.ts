import { strict as assert } from 'node:assert';
import { ImageError } from '../../src/image/error.ts';
import { probeFileSystem } from '../../src/image/probe-file-system.ts';
import type { Target } from '../engine/target.ts';
import { memorySource } from '../invariants/memory-source.ts';
import { fixtures } from '../seeds/fixtures.ts';

/** Large enough for every file system. */
const LARGE = 2 * 1024 * 1024;

/** What a partition holds, by its superblock; with zeros behind it, as many as the largest file system needs. */
export const target: Target = {
  seeds: () => [
    ...fixtures('test/fixtures/erofs', 'tiny-lz4.erofs.gz'),
    ...fixtures('test/image/squashfs/fixtures', 'tiny-xz.squashfs.gz'),
    head([1080, '\x53\xef'], [1116, '\x04']),
    head([65_600, '_BHRfS_M']),
    head([0, 'XFSB\0\0\x10\0'], [15, '\x01'], [91, '\x01'], [102, '\x02\0\x01\0'], [120, '\x0c\x09\x08']),
    head([1024, '\x10\x20\xf5\xf2\x01\0\x02\0'], [1148, 'l\0a\0b\0']),
    head(
      [11, '\0\x02\x01\x01\0\x02\0\x02\x40\x1f\xf8\x08\0'],
      [43, 'NO NAME    FAT16   '],
      [510, '\x55\xaa'],
    ),
    head([32_769, 'CD001'], [33_581, '2024010112000000']),
    head([1024, '\x01\0\0\0\x09\0\0\0'], [4086, 'SWAPSPACE2'], [65_000, '\0']),
    head([0, 'LUKS\xba\xbe\0\x02'], [24, 'label'], [168, '00000000-0000-4000-8000-000000000000']),
    head([512, 'LABELONE\x01'], [536, 'LVM2 001abcdefghijklmnopqrstuvwxyz012345']),
  ],
  sizeMax: 80 * 1024,
  async run(input) {
    const padded = new Uint8Array(LARGE);
    padded.set(input);
    const found = await Promise.all([input, input, padded].map(probe));
    assert.deepEqual(found[0], found[1]);
    const [refusal] = found.filter((result) => result instanceof ImageError);
    if (refusal !== undefined) throw refusal;
  },
};

/** The start of a file system: zeros but for some bytes. */
function head(...parts: readonly (readonly [offset: number, bytes: string])[]): Uint8Array {
  const end = Math.max(4096, ...parts.map(([offset, bytes]) => offset + bytes.length));
  const result = new Uint8Array(end);
  for (const [offset, bytes] of parts) result.set(Buffer.from(bytes, 'latin1'), offset);
  return result;
}

async function probe(bytes: Uint8Array): Promise<unknown> {
  try {
    const found = await probeFileSystem(memorySource(bytes));
    assert.match(found?.uuid ?? '-', /^[\x21-\x7e]{1,64}$/, 'a UUID that would spoil a terminal');
    return found;
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
}
