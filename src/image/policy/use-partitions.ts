import { PARTITION_DESIGNATORS, type PartitionDesignator } from '../gpt/read-partition-type.ts';
import { forbiddenFinding, type PolicyFinding, structureFinding } from './findings.ts';
import { FLAG, USE_MASK } from './flags.ts';
import { effectiveFlags, type ImagePolicy } from './policy.ts';
import { structureProblems } from './structure.ts';
import type { PolicyPartition, PolicySubject } from './subject.ts';

/** What becomes of the partitions of an image under a policy. */
export interface PartitionUse {
  readonly used: ReadonlyMap<PartitionDesignator, PolicyPartition>;
  /** They are there, but the policy says not to use them. */
  readonly ignored: ReadonlySet<PartitionDesignator>;
  /** They are there, but must not be; each has a finding. */
  readonly forbidden: ReadonlySet<PartitionDesignator>;
  readonly findings: readonly PolicyFinding[];
}

/** Attribute bits of a generic partition that becomes the root: systemd compares none. */
const NO_ATTRIBUTES = { readOnly: false, growFileSystem: false } as const;

/** Sorts partitions by whether they may be used (systemd 257 src/shared/dissect-image.c: `image_policy_may_use`). */
export function usePartitions(policy: ImagePolicy, subject: PolicySubject): PartitionUse {
  const used = new Map<PartitionDesignator, PolicyPartition>();
  const ignored = new Set<PartitionDesignator>();
  const forbidden = new Set<PartitionDesignator>();
  const findings: PolicyFinding[] = [];

  const take = (designator: PartitionDesignator, partition: PolicyPartition): void => {
    const use = effectiveFlags(policy, designator) & USE_MASK;
    if (use === FLAG.absent) {
      if (!forbidden.has(designator)) findings.push(forbiddenFinding(designator));
      forbidden.add(designator);
    } else if ((use & ~FLAG.absent) === FLAG.unused) ignored.add(designator);
    else used.set(designator, partition);
  };

  for (const designator of PARTITION_DESIGNATORS) {
    const partition = subject.partitions.get(designator);
    if (partition !== undefined) take(designator, partition);
  }
  // Before a generic partition may become the root: a hash tree for one that is missing is none for that.
  for (const { designator, message } of structureProblems(used)) {
    findings.push(structureFinding(message, designator));
  }
  const [generic] = subject.generic;
  if (generic !== undefined && !used.has('root') && !used.has('usr')) {
    const count = subject.generic.length;
    if (count === 1) take('root', { ...generic, ...NO_ATTRIBUTES });
    else {
      const message = `${count} generic Linux partitions could be the root, and nothing tells which`;
      findings.push(structureFinding(message, 'root'));
    }
  }
  return { used, ignored, forbidden, findings };
}
