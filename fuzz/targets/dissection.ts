import { strict as assert } from 'node:assert';
import { describeMounts } from '../../src/image/dissect/mounts.ts';
import { dissectImage } from '../../src/image/dissection.ts';
import { compareVersions } from '../../src/image/extension/version-compare.ts';
import { verifyHashTree } from '../../src/image/verity/verify-tree.ts';
import { verityHasher } from '../../src/platform/verity-hashers.ts';
import type { Target } from '../engine/target.ts';
import { memorySource } from '../invariants/memory-source.ts';
import { smallDiskImages } from '../seeds/disk-images.ts';
import { fixtures } from '../seeds/fixtures.ts';
import { repairPartitionTable } from '../seeds/repair-gpt.ts';

/** A whole image taken apart, and its hash tree verified. */
export const target: Target = {
  async seeds() {
    return [...(await smallDiskImages()), ...fixtures('test/image/squashfs/fixtures', 'tiny-xz.squashfs.gz')];
  },
  async run(input) {
    const source = memorySource(input);
    const dissection = await dissectImage(source, {
      architecture: 'x86-64',
      hasherFor: verityHasher,
      compareVersions,
    });
    const { partitions, chosen, data, tree, rootHash } = dissection;
    for (const { offset, size } of partitions) {
      assert(offset >= 0 && size > 0 && offset + size <= input.length, `a partition of ${size} at ${offset}`);
    }
    for (const partition of chosen.values()) {
      assert(
        partitions.some(({ number }) => number === partition.number),
        'a partition that is not there',
      );
    }
    assert.equal(describeMounts(dissection).length, chosen.size, 'mounts');
    if (data !== undefined) await data.read(0, data.size);
    if (tree !== undefined && rootHash !== undefined) await verifyHashTree(tree, { rootHash });
  },
  repair: repairPartitionTable,
};
