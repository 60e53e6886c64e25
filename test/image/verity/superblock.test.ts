import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ImageError } from '../../../src/image/error.ts';
import { readVeritySuperblock } from '../../../src/image/verity/read-superblock.ts';
import type { VeritySuperblock } from '../../../src/image/verity/superblock.ts';
import { writeVeritySuperblock } from '../../../src/image/verity/write-superblock.ts';

const bytes = (minLength: number, maxLength = minLength) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => new Uint8Array(array));
const blockSize = fc.integer({ min: 9, max: 19 }).map((bits) => 2 ** bits);
const superblocks: fc.Arbitrary<VeritySuperblock> = fc.record({
  uuid: bytes(16),
  hashType: fc.constantFrom(0, 1),
  algorithm: fc.constantFrom('sha256', 'sha512', 'blake2b-512'),
  dataBlockSize: blockSize,
  hashBlockSize: blockSize,
  dataBlocks: fc.integer({ min: 1, max: 2 ** 34 - 1 }),
  salt: bytes(0, 256),
});

const EXAMPLE: VeritySuperblock = {
  uuid: new Uint8Array(16),
  hashType: 1,
  algorithm: 'sha256',
  dataBlockSize: 4096,
  hashBlockSize: 4096,
  dataBlocks: 2 ** 32,
  salt: new Uint8Array(32),
};

test('reads back what it wrote', () => {
  fc.assert(
    fc.property(superblocks, fc.nat(20), (superblock, offset) => {
      const place = new Uint8Array(4096);
      place.set(writeVeritySuperblock(superblock), offset);
      expect(readVeritySuperblock(place.subarray(offset))).toEqual(superblock);
    }),
  );
});

test('takes any bytes, or says what is wrong with them', () => {
  const changes = fc.array(fc.tuple(fc.nat(343), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(superblocks, changes, fc.integer({ min: 0, max: 600 }), (superblock, changes, length) => {
      const changed = writeVeritySuperblock(superblock);
      for (const [index, value] of changes) changed[index] = value;
      try {
        const { salt, dataBlocks, dataBlockSize } = readVeritySuperblock(changed.subarray(0, length));
        expect(salt.length).toBeLessThanOrEqual(256);
        expect(Number.isSafeInteger(dataBlocks * dataBlockSize)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(ImageError);
        expect((error as ImageError).code).toBe('malformed');
      }
    }),
  );
});

describe('refuses', () => {
  test.each<[string, number, number[]]>([
    ['it does not begin with "verity"', 5, [0]],
    ['version 2', 8, [2]],
    ['hash type 2', 12, [2]],
    ['the name of the hash', 32, [0x53]],
    ['the name of the hash', 40, [0x41]],
    ['data blocks of 0 bytes', 64, [0, 0, 0, 0]],
    ['data blocks of 4097 bytes', 64, [1]],
    ['hash blocks of 256 bytes', 68, [0, 1]],
    ['hash blocks of 1048576 bytes', 68, [0, 0, 0x10]],
    ['it covers 0 data blocks', 72, [0, 0, 0, 0, 0]],
    ['it covers 18446744073709551615 data blocks', 72, Array(8).fill(255)],
    ['the salt has 257 bytes', 80, [1, 1]],
  ])('%s', (message, offset, change) => {
    const changed = writeVeritySuperblock(EXAMPLE);
    changed.set(change, offset);
    expect(() => readVeritySuperblock(changed)).toThrow(message);
  });

  test('less than a superblock', () => {
    expect(() => readVeritySuperblock(writeVeritySuperblock(EXAMPLE).subarray(1))).toThrow(
      'it has 511 bytes',
    );
  });

  test('to write what there is no room for', () => {
    expect(() => writeVeritySuperblock({ ...EXAMPLE, salt: new Uint8Array(257) })).toThrow(ImageError);
    expect(() => writeVeritySuperblock({ ...EXAMPLE, algorithm: 'x'.repeat(33) })).toThrow(ImageError);
  });
});
