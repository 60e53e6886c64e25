import type { PartitionDesignator } from '../gpt/read-partition-type.ts';

/** A file system that dm-verity can protect. */
export type VerityDesignator = 'root' | 'usr';

/** Whether dm-verity can protect this partition. */
export function hasVerity(designator: PartitionDesignator): designator is VerityDesignator {
  return designator === 'root' || designator === 'usr';
}

/** Of a hash or signature partition: what it protects, and which of the two it is; undefined for others. */
export function protectorOf(
  designator: PartitionDesignator,
): { readonly data: VerityDesignator; readonly part: 'hash' | 'signature' } | undefined {
  switch (designator) {
    case 'root-verity':
      return { data: 'root', part: 'hash' };
    case 'usr-verity':
      return { data: 'usr', part: 'hash' };
    case 'root-verity-sig':
      return { data: 'root', part: 'signature' };
    case 'usr-verity-sig':
      return { data: 'usr', part: 'signature' };
    default:
      return undefined;
  }
}
