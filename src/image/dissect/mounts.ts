import type { Dissection } from '../dissection.ts';
import { PARTITION_DESIGNATORS, type PartitionDesignator } from '../gpt/read-partition-type.ts';
import type { Partition } from './partition.ts';

/** A partition as systemd-dissect shows it. */
export interface Mount {
  readonly designator: PartitionDesignator;
  readonly partition: Partition;
  /** Whether it can be mounted writable. */
  readonly writable: boolean;
  readonly growFileSystem: boolean;
  /**
   * `signed` where there is a hash tree with a signature, which says nothing about either; `yes` where there is a
   * hash tree. Undefined for partitions that cannot have one.
   */
  readonly verity: 'signed' | 'yes' | 'no' | undefined;
}

/** File systems that are never written to (systemd 257 mountpoint-util.c: `fstype_is_ro`). */
const READ_ONLY_TYPES: readonly (string | undefined)[] = [
  'DM_verity_hash',
  'cramfs',
  'erofs',
  'iso9660',
  'squashfs',
  'verity_hash_signature',
];

/**
 * The partitions of an image in the order and with the properties that systemd-dissect shows (systemd 257 dissect.c:
 * `action_dissect`). Where there is a hash tree without signature, systemd 257 says `no`, and later ones `yes` as here.
 */
export function describeMounts({ table, chosen }: Dissection): Mount[] {
  return PARTITION_DESIGNATORS.flatMap((designator) => {
    const partition = chosen.get(designator);
    if (partition === undefined) return [];
    const verity = table === 'gpt' ? verityOf(designator, chosen) : undefined;
    const writable =
      !partition.readOnly && verity !== 'signed' && !READ_ONLY_TYPES.includes(partition.fileSystemType);
    return [
      { designator, partition, writable, growFileSystem: partition.growFileSystem && writable, verity },
    ];
  });
}

function verityOf(designator: PartitionDesignator, chosen: Dissection['chosen']): Mount['verity'] {
  if (designator !== 'root' && designator !== 'usr') return undefined;
  if (!chosen.has(`${designator}-verity`)) return 'no';
  return chosen.has(`${designator}-verity-sig`) ? 'signed' : 'yes';
}
