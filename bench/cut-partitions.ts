import { execFileSync } from 'node:child_process';
import { extensionPartitions, readPartitionTable } from '../test/support/partition-table.ts';

/** Cuts an image into files, and returns the command with which `veritysetup` verifies them. */
export async function veritysetupOf(image: string, prefix = image): Promise<string[]> {
  const { data, hash, rootHash } = extensionPartitions(await readPartitionTable(image));
  const cut = (suffix: string, { offset, size }: { offset: number; size: number }): string => {
    const file = `${prefix}.${suffix}`;
    const place = [`skip=${offset}`, `count=${size}`, 'iflag=skip_bytes,count_bytes'];
    execFileSync('dd', [`if=${image}`, `of=${file}`, 'bs=1M', 'status=none', ...place]);
    return file;
  };
  return ['veritysetup', 'verify', cut('data', data), cut('hash', hash), rootHash];
}
