import { strict as assert } from 'node:assert';
import { readPartitionTable } from '../../src/image/gpt/read-partition-table.ts';
import type { Target } from '../engine/target.ts';
import { memorySource } from '../invariants/memory-source.ts';
import { smallDiskImages } from '../seeds/disk-images.ts';
import { repairPartitionTable } from '../seeds/repair-gpt.ts';

/** Both copies of a GUID partition table; partitions lie within the file, and apart unless that is said. */
export const target: Target = {
  seeds: smallDiskImages,
  async run(input) {
    const { partitions, findings, sectorSize } = await readPartitionTable(memorySource(input));
    let end = 0;
    for (const { offset, size } of partitions.toSorted((one, other) => one.offset - other.offset)) {
      assert(
        offset >= sectorSize && size >= sectorSize && offset + size <= input.length,
        `${size} at ${offset}`,
      );
      if (findings.length === 0) assert(offset >= end, 'partitions overlap, and nothing is said of it');
      end = Math.max(end, offset + size);
    }
    const numbers = partitions.map(({ number }) => number);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((one, other) => one - other),
      'numbers of partitions',
    );
  },
  repair: repairPartitionTable,
};
