import { ByteRange } from '../byte-range.ts';
import type { ByteSource } from '../byte-source.ts';
import { ImageError } from '../error.ts';
import { ATTRIBUTE } from '../gpt/layout.ts';
import type { TableEntry } from '../gpt/partition-table.ts';
import { type PartitionDesignator, readPartitionType } from '../gpt/read-partition-type.ts';
import { probeFileSystem } from '../probe-file-system.ts';
import type { Partition } from './partition.ts';

/** Describes partitions by their entries, their types, and what is in them. */
export async function readPartitions(
  source: ByteSource,
  entries: readonly TableEntry[],
): Promise<Partition[]> {
  const partitions: Partition[] = [];
  for (const entry of entries) {
    const { number, typeGuid, guid, label, offset, size, attributes } = entry;
    const type = readPartitionType(typeGuid);
    const has = (bit: bigint): boolean => (attributes & bit) !== 0n;
    partitions.push({
      number,
      designator: type?.designator,
      architecture: type?.architecture,
      typeGuid,
      guid,
      label,
      offset,
      size,
      readOnly: has(ATTRIBUTE.readOnly),
      growFileSystem: has(ATTRIBUTE.growFileSystem),
      noAuto: has(type?.designator === 'esp' ? ATTRIBUTE.noBlockIo : ATTRIBUTE.noAuto),
      fileSystemType:
        typeByDesignator(type?.designator) ?? (await probe(new ByteRange(source, offset, size))),
    });
  }
  return partitions;
}

/** What systemd does not probe for (systemd 257 dissect-image.c: `dissect_image`). */
function typeByDesignator(designator: PartitionDesignator | undefined): string | undefined {
  switch (designator) {
    case 'root-verity':
    case 'usr-verity':
      return 'DM_verity_hash';
    case 'root-verity-sig':
    case 'usr-verity-sig':
      return 'verity_hash_signature';
    case 'esp':
      return 'vfat';
    default:
      return undefined;
  }
}

/** Undefined, too, where there are several: what is in a partition is judged by whoever opens it. */
async function probe(source: ByteSource): Promise<string | undefined> {
  try {
    return (await probeFileSystem(source))?.type;
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}
