/**
 * What partitions may be for, as image policies name it, in systemd's order (systemd 257 src/shared/gpt.h:
 * `PartitionDesignator`).
 */
export const POLICY_DESIGNATORS = [
  'root',
  'usr',
  'home',
  'srv',
  'esp',
  'xbootldr',
  'swap',
  'root-verity',
  'usr-verity',
  'root-verity-sig',
  'usr-verity-sig',
  'tmp',
  'var',
] as const;

/** One of {@link POLICY_DESIGNATORS}. */
export type PolicyDesignator = (typeof POLICY_DESIGNATORS)[number];

/** A file system that dm-verity can protect. */
export type VerityDesignator = 'root' | 'usr';

/** Whether dm-verity can protect this partition. */
export function hasVerity(designator: PolicyDesignator): designator is VerityDesignator {
  return designator === 'root' || designator === 'usr';
}

/** Of a hash or signature partition: what it protects, and which of the two it is; undefined for others. */
export function protectorOf(
  designator: PolicyDesignator,
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
