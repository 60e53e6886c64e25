import { strict as assert } from 'node:assert';
import { checkErofsStructure } from '../../src/image/erofs/check-structure.ts';
import { ErofsReader } from '../../src/image/erofs/reader.ts';
import { decompressors } from '../../src/platform/decompressors.ts';
import type { Target } from '../engine/target.ts';
import { checkFileSystem } from '../invariants/file-system.ts';
import { memorySource } from '../invariants/memory-source.ts';
import { ownErofsImages } from '../seeds/erofs-images.ts';
import { fixtures } from '../seeds/fixtures.ts';
import { repairErofsSuperblock } from '../seeds/repair-erofs.ts';

/** Larger images take longer, and have little more that could be damaged. */
const SEED_MAX = 16 * 1024;

/** A whole EROFS image: every inode, attribute, link and content in it. What cannot be read, the check of it finds. */
export const target: Target = {
  async seeds() {
    const small = fixtures('test/fixtures/erofs', '.gz').filter(({ length }) => length <= SEED_MAX);
    return [...(await ownErofsImages()), ...fixtures('fuzz/seeds/erofs', '.gz'), ...small];
  },
  async run(input) {
    const reader = await ErofsReader.open(memorySource(input), decompressors);
    const findings = await checkErofsStructure(reader, { content: true });
    const damage = await checkFileSystem(reader, input.length);
    if (damage === undefined) return;
    assert(
      findings.some(({ code, level }) => level === 'error' || code === 'unchecked'),
      `the check of the structure does not find: ${damage.message}`,
    );
    throw damage;
  },
  repair: repairErofsSuperblock,
};
