import type { PartitionDesignator } from '../gpt/read-partition-type.ts';
import type { PolicyPartition } from './subject.ts';

/** Why partitions that are used do not belong together. */
export interface StructureProblem {
  /** The partition that should not be there, or not without another. */
  readonly designator: PartitionDesignator;
  /** One sentence without the final full stop. */
  readonly message: string;
}

/** What systemd 257 refuses about the partitions in use, apart from the policy (src/shared/dissect-image.c). */
export function structureProblems(
  used: ReadonlyMap<PartitionDesignator, PolicyPartition>,
): readonly StructureProblem[] {
  const problems: StructureProblem[] = [];
  const refuse = (designator: PartitionDesignator, message: string): void => {
    problems.push({ designator, message });
  };
  for (const data of ['root', 'usr'] as const) {
    const hash = `${data}-verity` as const;
    const signature = `${data}-verity-sig` as const;
    for (const protector of [hash, signature]) {
      if (used.has(protector) && !used.has(data)) {
        refuse(protector, `${protector} is used without the ${data} partition that it is for`);
      }
    }
    if (used.has(signature) && !used.has(hash)) {
      refuse(signature, `${signature} is used without ${hash}, the hash tree that it is for`);
    }
  }
  const root = used.get('root')?.architecture;
  const usr = used.get('usr')?.architecture;
  if (root !== undefined && usr !== undefined && root !== usr) {
    refuse('usr', `root is for ${root}, usr for ${usr}`);
  }
  if (used.has('root-verity') && used.has('usr-verity')) {
    refuse('usr-verity', 'root and usr both have a hash tree, of which systemd uses one only');
  } else if (used.has('root-verity') && used.has('usr')) {
    refuse('usr', 'root has a hash tree, and systemd then takes no usr partition beside it');
  }
  return problems;
}
