import type { Architecture } from '../architecture.ts';
import {
  hasVerity,
  POLICY_DESIGNATORS,
  type PolicyDesignator,
  protectorOf,
  type VerityDesignator,
} from './designator.ts';
import {
  attributeFinding,
  forbiddenFinding,
  loopholeFinding,
  nothingUsedFinding,
  type PartitionState,
  type PolicyFinding,
  protectionFinding,
  structureFinding,
  verityUnusedFinding,
} from './findings.ts';
import { FLAG, GROWFS_MASK, type PolicyFlags, READ_ONLY_MASK, USE_MASK } from './flags.ts';
import { effectiveFlags, type ImagePolicy } from './policy.ts';
import { structureProblems } from './structure.ts';
import { choosePartition, type PolicyPartition, type PolicySubject } from './subject.ts';

/** How an image is to be used, as far as it decides what it must have. */
export interface EvaluationOptions {
  /** At least one of these must be used; merging an extension needs it. */
  readonly requireOneOf?: readonly VerityDesignator[];
  /** The architecture of the machine, which decides between partitions for several; see `choosePartition`. */
  readonly architecture?: Architecture;
}

/** What a policy says to an image. */
export interface PolicyVerdict {
  /** Whether systemd 257 accepts the image: no finding is an error. */
  readonly allowed: boolean;
  readonly findings: readonly PolicyFinding[];
  /** The partitions that are used under this policy, in systemd's order. */
  readonly used: readonly PolicyDesignator[];
}

/**
 * Whether a policy allows an image, as systemd 257 decides it (src/shared/dissect-image.c: `dissect_image`). systemd
 * stops at the first reason to refuse; this names them all.
 */
export function evaluatePolicy(
  policy: ImagePolicy,
  subject: PolicySubject,
  options: EvaluationOptions = {},
): PolicyVerdict {
  const evaluation = new Evaluation(policy, subject, options);
  const { findings, used } = evaluation;
  return {
    allowed: findings.every(({ level }) => level !== 'error'),
    findings,
    used: POLICY_DESIGNATORS.filter((designator) => used.has(designator)),
  };
}

/** Attribute bits that count for a file system that no entry of type root describes. */
const NO_ATTRIBUTES = { readOnly: false, growFileSystem: false } as const;

class Evaluation {
  readonly findings: PolicyFinding[] = [];
  readonly used = new Map<PolicyDesignator, PolicyPartition>();
  readonly #ignored = new Set<PolicyDesignator>();
  readonly #forbidden = new Set<PolicyDesignator>();
  readonly #policy: ImagePolicy;
  readonly #partitionTable: boolean;

  constructor(policy: ImagePolicy, subject: PolicySubject, options: EvaluationOptions) {
    this.#policy = policy;
    this.#partitionTable = subject.partitionTable;
    const of = (designator: PolicyPartition['designator']): PolicyPartition[] =>
      subject.partitions.filter((partition) => partition.designator === designator);

    for (const designator of POLICY_DESIGNATORS) {
      const partition = choosePartition(of(designator), options.architecture);
      if (partition !== undefined) this.#take(designator, partition);
    }
    // Before a generic partition may become the root: a hash tree for one that is missing is none for that.
    for (const { designator, message } of structureProblems(this.used)) {
      this.findings.push(structureFinding(message, designator));
    }
    this.#takeGeneric(of('linux-generic'));
    // Where there is no table, systemd looks at no rule but the one for root.
    for (const designator of subject.partitionTable ? POLICY_DESIGNATORS : (['root'] as const)) {
      this.#check(designator);
    }
    this.#requireUse(options.requireOneOf ?? []);
  }

  /** Uses or ignores a partition, as its rule tells (`image_policy_may_use`). */
  #take(designator: PolicyDesignator, partition: PolicyPartition): void {
    const use = effectiveFlags(this.#policy, designator) & USE_MASK;
    if (use === FLAG.absent) {
      if (!this.#forbidden.has(designator)) this.findings.push(forbiddenFinding(designator));
      this.#forbidden.add(designator);
    } else if ((use & ~FLAG.absent) === FLAG.unused) this.#ignored.add(designator);
    else this.used.set(designator, partition);
  }

  /** Takes the only generic partition for the root where neither root nor /usr is used. */
  #takeGeneric(candidates: readonly PolicyPartition[]): void {
    if (this.used.has('root') || this.used.has('usr')) return;
    const [generic] = candidates;
    if (generic === undefined) return;
    if (candidates.length > 1) {
      this.findings.push(
        structureFinding(
          `${candidates.length} generic Linux partitions could be the root, and nothing tells which`,
          'root',
        ),
      );
    } else this.#take('root', { ...generic, ...NO_ATTRIBUTES });
  }

  #check(designator: PolicyDesignator): void {
    if (this.#forbidden.has(designator)) return;
    const flags = effectiveFlags(this.#policy, designator);
    const partition = this.used.get(designator);
    if (partition === undefined) {
      const state = this.#ignored.has(designator) ? 'unused' : 'absent';
      if ((flags & FLAG[state]) === 0) this.findings.push(protectionFinding(designator, state, flags));
      return;
    }
    this.#checkProtection(designator, partition, flags);
    this.#checkAttribute(designator, 'read-only', partition.readOnly, flags & READ_ONLY_MASK);
    this.#checkAttribute(designator, 'growfs', partition.growFileSystem, flags & GROWFS_MASK);
  }

  /**
   * In a partition table systemd checks twice: by the partitions there are, when it does not know yet whether one is
   * encrypted, and when it does, by that alone. What passes both passes, even where no word of the policy describes it.
   */
  #checkProtection(designator: PolicyDesignator, partition: PolicyPartition, flags: PolicyFlags): void {
    const encrypted = partition.fileSystemType === 'crypto_LUKS' && isProbed(designator);
    const protection = hasVerity(designator) ? this.#verityProtection(designator) : undefined;
    const state: PartitionState = encrypted ? 'encrypted' : (protection ?? 'unprotected');
    const byPartitions = protection === undefined ? FLAG.encrypted | FLAG.unprotected : FLAG[protection];
    const byContent = encrypted ? FLAG.encrypted : FLAG.unprotected | FLAG.verity | FLAG.signed;
    const passes = this.#partitionTable
      ? (flags & byPartitions) !== 0 && (flags & byContent) !== 0
      : (flags & FLAG[state]) !== 0;
    if (!passes) this.findings.push(protectionFinding(designator, state, flags));
    else if ((flags & FLAG[state]) === 0) this.findings.push(loopholeFinding(designator, state, flags));
    else if (
      protection === 'verity' &&
      hasVerity(designator) &&
      this.#ignored.has(`${designator}-verity-sig`)
    ) {
      this.findings.push(verityUnusedFinding(designator));
    }
  }

  #verityProtection(designator: VerityDesignator): 'verity' | 'signed' | undefined {
    if (!this.used.has(`${designator}-verity`)) return undefined;
    return this.used.has(`${designator}-verity-sig`) ? 'signed' : 'verity';
  }

  #checkAttribute(
    designator: PolicyDesignator,
    attribute: 'read-only' | 'growfs',
    isSet: boolean,
    allowed: PolicyFlags,
  ): void {
    const opposite = FLAG[`${attribute}-${isSet ? 'off' : 'on'}`];
    if (allowed === opposite) this.findings.push(attributeFinding(designator, attribute, isSet));
  }

  /** Unless there is a reason already why nothing is used, which then is the better one. */
  #requireUse(required: readonly VerityDesignator[]): void {
    const enough =
      required.length === 0 ? this.used.size > 0 : required.some((designator) => this.used.has(designator));
    if (enough || this.findings.some(({ level }) => level === 'error')) return;
    this.findings.push(nothingUsedFinding(required));
  }
}

/** Whether systemd looks at what the partition holds: hash trees, signatures and the ESP are taken for what they are. */
function isProbed(designator: PolicyDesignator): boolean {
  return designator !== 'esp' && protectorOf(designator) === undefined;
}
