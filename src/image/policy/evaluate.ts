import { PARTITION_DESIGNATORS, type PartitionDesignator } from '../gpt/read-partition-type.ts';
import { hasVerity, type VerityDesignator } from './designator.ts';
import {
  attributeFinding,
  loopholeFinding,
  nothingUsedFinding,
  type PartitionState,
  type PolicyFinding,
  protectionFinding,
  verityUnusedFinding,
} from './findings.ts';
import { FLAG, GROWFS_MASK, type PolicyFlags, READ_ONLY_MASK } from './flags.ts';
import { effectiveFlags, type ImagePolicy } from './policy.ts';
import type { PolicyPartition, PolicySubject } from './subject.ts';
import { type PartitionUse, usePartitions } from './use-partitions.ts';

/** How an image is to be used, as far as it decides what it must have. */
export interface EvaluationOptions {
  /** At least one of these must be used: merging an extension needs it, looking at an image does not. */
  readonly requireOneOf?: readonly VerityDesignator[];
}

/** What a policy says to an image. */
export interface PolicyVerdict {
  /** Whether systemd 257 accepts the image: no finding is an error. */
  readonly allowed: boolean;
  readonly findings: readonly PolicyFinding[];
  /** The partitions that are used under this policy, in systemd's order. */
  readonly used: readonly PartitionDesignator[];
}

/**
 * Whether a policy allows an image, as systemd 257 decides it (src/shared/dissect-image.c: `dissect_image`). systemd
 * stops at the first reason to refuse; this names them all.
 */
export function evaluatePolicy(
  policy: ImagePolicy,
  subject: PolicySubject,
  { requireOneOf = [] }: EvaluationOptions = {},
): PolicyVerdict {
  const use = usePartitions(policy, subject);
  const findings = [...use.findings];
  // Where there is no table, systemd looks at no rule but the one for root.
  for (const designator of subject.hasPartitionTable ? PARTITION_DESIGNATORS : (['root'] as const)) {
    if (use.forbidden.has(designator)) continue;
    const flags = effectiveFlags(policy, designator);
    const partition = use.used.get(designator);
    if (partition !== undefined) {
      const protection = subject.hasPartitionTable ? checkProtection : checkBareProtection;
      findings.push(...protection(designator, partition, flags, use));
      findings.push(...checkAttributes(designator, partition, flags));
    } else {
      const state = use.ignored.has(designator) ? 'unused' : 'absent';
      if ((flags & FLAG[state]) === 0) findings.push(protectionFinding(designator, state, flags));
    }
  }
  const wanted = requireOneOf.length === 0 ? PARTITION_DESIGNATORS : requireOneOf;
  // Where there is an error already, that is the better reason.
  if (!isRefusal(findings) && !wanted.some((designator) => use.used.has(designator))) {
    findings.push(nothingUsedFinding(requireOneOf));
  }
  return {
    allowed: !isRefusal(findings),
    findings,
    used: PARTITION_DESIGNATORS.filter((designator) => use.used.has(designator)),
  };
}

function isRefusal(findings: readonly PolicyFinding[]): boolean {
  return findings.some(({ level }) => level === 'error');
}

/**
 * systemd checks a partition twice: by the partitions there are, when it does not know yet whether this one is
 * encrypted, and when it does, by that alone. What passes both passes, even where no word of the policy describes it.
 */
function checkProtection(
  designator: PartitionDesignator,
  partition: PolicyPartition,
  flags: PolicyFlags,
  use: PartitionUse,
): PolicyFinding[] {
  const encrypted = isEncrypted(partition);
  const verity = hasVerity(designator) ? verityOf(designator, use) : undefined;
  const state: PartitionState = encrypted ? 'encrypted' : (verity ?? 'unprotected');
  const byPartitions = verity === undefined ? FLAG.encrypted | FLAG.unprotected : FLAG[verity];
  const byContent = encrypted ? FLAG.encrypted : FLAG.unprotected | FLAG.verity | FLAG.signed;
  if ((flags & byPartitions) === 0 || (flags & byContent) === 0) {
    return [protectionFinding(designator, state, flags)];
  }
  if ((flags & FLAG[state]) === 0) return [loopholeFinding(designator, state, flags)];
  // Where the file system may be unprotected, too, nobody was promised anything.
  return verity === 'verity' && (flags & FLAG.unprotected) === 0 ? [verityUnusedFinding(designator)] : [];
}

/** A file system without a partition table is checked once, when everything is known. */
function checkBareProtection(
  designator: PartitionDesignator,
  partition: PolicyPartition,
  flags: PolicyFlags,
): PolicyFinding[] {
  const state = isEncrypted(partition) ? 'encrypted' : 'unprotected';
  return (flags & FLAG[state]) === 0 ? [protectionFinding(designator, state, flags)] : [];
}

function isEncrypted({ fileSystemType }: PolicyPartition): boolean {
  return fileSystemType === 'crypto_LUKS';
}

/** How dm-verity would protect a file system, by the partitions in use. */
function verityOf(designator: VerityDesignator, { used }: PartitionUse): 'verity' | 'signed' | undefined {
  if (!used.has(`${designator}-verity`)) return undefined;
  return used.has(`${designator}-verity-sig`) ? 'signed' : 'verity';
}

/** The bits of the partition table, where the policy allows one state only. */
function checkAttributes(
  designator: PartitionDesignator,
  { readOnly, growFileSystem }: PolicyPartition,
  flags: PolicyFlags,
): PolicyFinding[] {
  const findings: PolicyFinding[] = [];
  if ((flags & READ_ONLY_MASK) === FLAG[readOnly ? 'read-only-off' : 'read-only-on']) {
    findings.push(attributeFinding(designator, 'read-only', readOnly));
  }
  if ((flags & GROWFS_MASK) === FLAG[growFileSystem ? 'growfs-off' : 'growfs-on']) {
    findings.push(attributeFinding(designator, 'growfs', growFileSystem));
  }
  return findings;
}
