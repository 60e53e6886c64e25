import { strict as assert } from 'node:assert';
import { probeFileSystem } from '../../src/image/probe-file-system.ts';
import type { Target } from '../engine/target.ts';
import { memorySource } from '../invariants/memory-source.ts';
import { fixtures } from '../seeds/fixtures.ts';

/** What a partition holds, by its superblock. */
export const target: Target = {
  seeds: () => [
    ...fixtures('fuzz/seeds/erofs', 'lz4.erofs.gz'),
    ...fixtures('fuzz/seeds/squashfs', 'xz.squashfs.gz'),
    new Uint8Array(72 * 1024),
  ],
  sizeMax: 80 * 1024,
  async run(input) {
    const found = await probeFileSystem(memorySource(input));
    assert.deepEqual(await probeFileSystem(memorySource(input)), found);
  },
};
