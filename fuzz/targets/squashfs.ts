import { SquashfsReader } from '../../src/image/squashfs/reader.ts';
import { decompressors } from '../../src/platform/decompressors.ts';
import type { Target } from '../engine/target.ts';
import { checkFileSystem } from '../invariants/file-system.ts';
import { memorySource } from '../invariants/memory-source.ts';
import { fixtures } from '../seeds/fixtures.ts';

/** A whole SquashFS image: every inode, attribute, link and content in it. */
export const target: Target = {
  seeds: () => fixtures('test/image/squashfs/fixtures', '.gz'),
  async run(input) {
    const reader = await SquashfsReader.open(memorySource(input), decompressors);
    const damage = await checkFileSystem(reader, input.length);
    if (damage !== undefined) throw damage;
  },
};
