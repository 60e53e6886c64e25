import type { Architecture } from '../architecture.ts';
import { LINUX_GENERIC, type PartitionDesignator } from '../gpt/read-partition-type.ts';
import type { ImageFinding } from '../image-finding.ts';
import type { Partition } from './partition.ts';

/** What can be wrong with the partitions of an image. */
export type PartitionCode =
  /** There is nothing to mount. */
  | 'data-partition-missing'
  /** There is no telling which partition is to be mounted. */
  | 'data-partition-ambiguous'
  | 'hash-partition-missing'
  | 'hash-partition-ambiguous'
  /** A warning: only one of several partitions for the same purpose is used. */
  | 'partition-unused';

/** By what one of several partitions for the same purpose is chosen. */
export interface ChoiceOptions {
  /** The architecture of the machine, and one that it can run, too; partitions for them are preferred. */
  readonly architecture?: Architecture | undefined;
  readonly secondaryArchitecture?: Architecture | undefined;
  /** Compares labels by the versions in them, as systemd's strverscmp_improved does. Without it all are equal. */
  readonly compareVersions?: ((one: string, other: string) => number) | undefined;
}

/** The partition that counts for each purpose. */
export type ChosenPartitions = ReadonlyMap<PartitionDesignator, Partition>;

/** Where newer labels win (systemd 257 gpt.c: `partition_designator_is_versioned`). */
const VERSIONED: readonly PartitionDesignator[] = [
  'root',
  'usr',
  'root-verity',
  'usr-verity',
  'root-verity-sig',
  'usr-verity-sig',
];

/**
 * Chooses partitions as systemd does (systemd 257 dissect-image.c: `dissect_image`): those that may be used by
 * themselves, of several the one for the better architecture, then the one with the newer label, then the first. A single
 * generic Linux partition is the root if there is no other file system.
 */
export function choosePartitions(
  partitions: readonly Partition[],
  options: ChoiceOptions,
): { chosen: ChosenPartitions; findings: ImageFinding<PartitionCode>[] } {
  const findings: ImageFinding<PartitionCode>[] = [];
  const report = (code: PartitionCode, level: 'error' | 'warning', message: string): void => {
    findings.push({ code, layer: 'partition-table', level, message, subjects: [] });
  };
  const chosen = new Map<PartitionDesignator, Partition>();
  for (const partition of partitions) {
    const { designator } = partition;
    if (designator === undefined || partition.noAuto) continue;
    const other = chosen.get(designator);
    if (other !== undefined) {
      const better = isBetter(partition, other, designator, options);
      const [used, unused] = better ? [partition, other] : [other, partition];
      report(
        'partition-unused',
        'warning',
        `partitions ${other.number} and ${partition.number} are both for ${designator}: ${unused.number} is not used, ${used.number} is`,
      );
      if (!better) continue;
    }
    chosen.set(designator, partition);
  }
  const generic = partitions.filter(({ typeGuid, noAuto }) => typeGuid === LINUX_GENERIC && !noAuto);
  if (!chosen.has('root') && !chosen.has('usr') && generic.length > 0) {
    if (generic.length === 1) chosen.set('root', { ...generic[0]!, designator: 'root' });
    else
      report(
        'data-partition-ambiguous',
        'error',
        'there are several Linux partitions, none of which is the root',
      );
  }
  checkStructure(chosen, report);
  return { chosen, findings };
}

function isBetter(
  partition: Partition,
  other: Partition,
  designator: PartitionDesignator,
  { architecture, secondaryArchitecture, compareVersions }: ChoiceOptions,
): boolean {
  if (partition.architecture !== other.architecture) {
    for (const preferred of [architecture, secondaryArchitecture]) {
      if (preferred === undefined) continue;
      if (partition.architecture === preferred) return true;
      if (other.architecture === preferred) return false;
    }
  }
  return VERSIONED.includes(designator) && (compareVersions?.(partition.label, other.label) ?? 0) > 0;
}

/** What belongs together must be there; systemd refuses most of it, too (systemd 257 dissect-image.c). */
function checkStructure(
  chosen: ChosenPartitions,
  report: (code: PartitionCode, level: 'error', message: string) => void,
): void {
  const missing = (message: string): void => report('data-partition-missing', 'error', message);
  const parts = [...chosen.keys()];
  if (!parts.some((designator) => designator.startsWith('root') || designator.startsWith('usr'))) {
    missing('there is no partition with a file system for root or /usr');
  }
  for (const data of ['root', 'usr'] as const) {
    const hasHash = chosen.has(`${data}-verity`);
    const hasSignature = chosen.has(`${data}-verity-sig`);
    if (!chosen.has(data) && (hasHash || hasSignature)) {
      report(
        'data-partition-missing',
        'error',
        `there is a hash tree or signature for ${data}, but no such partition`,
      );
    }
    if (hasSignature && !hasHash) {
      report('hash-partition-missing', 'error', `there is a signature for ${data}, but no hash tree`);
    }
  }
  if (chosen.has('root-verity') && chosen.has('usr-verity')) {
    report('hash-partition-ambiguous', 'error', 'there are hash trees for both root and usr');
  } else if (chosen.has('root') && chosen.has('usr')) {
    report(
      'data-partition-ambiguous',
      'error',
      'there are partitions for both root and usr, an extension has one of them',
    );
  }
}
