import { open } from 'node:fs/promises';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';

const SECTOR = 512;
const ENTRIES = 128 * 128;
const CHUNK = 4 * 1024 * 1024;

/**
 * Compares two images region by region and names the regions that differ, with the first byte that does; none when
 * the files are equal. The regions are those of the second image, the reference, and cover all of it.
 */
export async function differingRegions(image: string, reference: string): Promise<string[]> {
  const { data, hash, signature } = extensionPartitions(await readPartitionTable(reference));
  await using ours = await open(image);
  await using theirs = await open(reference);
  const [ourSize, size] = [(await ours.stat()).size, (await theirs.stat()).size];
  if (ourSize !== size) return [`file size: ${ourSize}, reference ${size}`];

  const tableEnd = 2 * SECTOR + ENTRIES;
  const end = (signature ?? hash).offset + (signature ?? hash).size;
  const backup = size - SECTOR - ENTRIES;
  const regions: [name: string, start: number, end: number][] = [
    ['protective MBR', 0, SECTOR],
    ['primary GPT header', SECTOR, 2 * SECTOR],
    ['primary partition entries', 2 * SECTOR, tableEnd],
    ['gap before the partitions', tableEnd, data.offset],
    ['data partition', data.offset, data.offset + data.size],
    ['hash partition', hash.offset, hash.offset + hash.size],
    ...(signature === undefined
      ? []
      : [['signature partition', signature.offset, end] satisfies [string, number, number]]),
    ['gap after the partitions', end, backup],
    ['backup partition entries', backup, size - SECTOR],
    ['backup GPT header', size - SECTOR, size],
  ];
  const differences: string[] = [];
  const [mine, other] = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)];
  for (const [name, start, stop] of regions) {
    for (let at = start; at < stop; at += CHUNK) {
      const length = Math.min(CHUNK, stop - at);
      await ours.read(mine, 0, length, at);
      await theirs.read(other, 0, length, at);
      if (mine.compare(other, 0, length, 0, length) === 0) continue;
      const first = mine.subarray(0, length).findIndex((byte, index) => byte !== other[index]);
      differences.push(`${name}: byte ${at - start + first} is ${mine[first]}, reference ${other[first]}`);
      break;
    }
  }
  return differences;
}
