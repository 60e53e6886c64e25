import { strict as assert } from 'node:assert';
import { readVeritySuperblock } from '../../src/image/verity/read-superblock.ts';
import { writeVeritySuperblock } from '../../src/image/verity/write-superblock.ts';
import type { Target } from '../engine/target.ts';

/** A verity superblock; one that is read and written again is the same. */
export const target: Target = {
  sizeMax: 1024,
  seeds: () =>
    [0, 32, 256].map((saltSize) =>
      writeVeritySuperblock({
        uuid: new Uint8Array(16).fill(saltSize),
        hashType: 1,
        algorithm: 'sha256',
        dataBlockSize: 4096,
        hashBlockSize: 4096,
        dataBlocks: 300,
        salt: new Uint8Array(saltSize).fill(5),
      }),
    ),
  run(input) {
    const superblock = readVeritySuperblock(input);
    assert.deepEqual(readVeritySuperblock(writeVeritySuperblock(superblock)), superblock);
    assert(Number.isSafeInteger(superblock.dataBlocks * superblock.dataBlockSize), 'size of the data');
  },
};
