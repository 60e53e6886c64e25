import type { PartitionDesignator } from '../gpt/read-partition-type.ts';
import type { ImageFinding } from '../image-finding.ts';
import { FLAG, type PolicyFlag, type PolicyFlags, USE_MASK } from './flags.ts';
import { formatFlags, formatShortFlags } from './format.ts';

/** What evaluating a policy can find. */
export type PolicyFindingCode =
  /** A partition exists that the policy forbids. */
  | 'policy-partition-forbidden'
  /** A partition is protected in another way than the policy allows, or is missing though it must exist. */
  | 'policy-protection'
  /** The partition table's read-only or grow-file-system bit is not as the policy wants it. */
  | 'policy-attribute'
  /** The partitions that are used do not belong together. */
  | 'policy-structure'
  /** Nothing is left that may be used. */
  | 'policy-nothing-used'
  /** Allowed, but systemd 257 does not use the hash tree at all: the file system is mounted unverified. */
  | 'policy-verity-unused'
  /** Allowed, though the policy's words say otherwise. */
  | 'policy-loophole';

/** A finding about an image and a policy. */
export interface PolicyFinding extends ImageFinding<PolicyFindingCode> {
  readonly layer: 'policy';
  /** The partition that it is about. */
  readonly designator?: PartitionDesignator;
  /** What the policy allows for that partition, in the words of policies. */
  readonly allows?: string;
}

/** How a partition is protected, or that it is not used, or not there: the word for it in policies. */
export type PartitionState = Extract<
  PolicyFlag,
  'verity' | 'signed' | 'encrypted' | 'unprotected' | 'unused' | 'absent'
>;

const STATES: Readonly<Record<PartitionState, string>> = {
  verity: 'protected by a hash tree alone',
  signed: 'protected by a signed hash tree',
  encrypted: 'encrypted',
  unprotected: 'not protected',
  unused: 'there, but ignored by the policy',
  absent: 'missing',
};

/** A partition is there that must not be. */
export function forbiddenFinding(designator: PartitionDesignator): PolicyFinding {
  return {
    ...about('policy-partition-forbidden', 'error', designator),
    message: `the image has a ${designator} partition, which the policy forbids`,
    hint: `an image without this partition is needed, or a policy that lets it be: ${designator}=ignore`,
    allows: 'absent',
  };
}

/** A partition is in a state that the policy does not allow; `flags` are those of its rule, filled in. */
export function protectionFinding(
  designator: PartitionDesignator,
  state: PartitionState,
  flags: PolicyFlags,
): PolicyFinding {
  const allowed = flags & USE_MASK;
  return {
    ...about('policy-protection', 'error', designator),
    message:
      state === 'absent'
        ? `${designator} is missing, while the policy demands it`
        : `${designator} is ${STATES[state]}, while the policy demands ${demand(allowed)}`,
    hint: protectionHint(designator, state, allowed),
    allows: formatFlags(allowed),
  };
}

function demand(allowed: PolicyFlags): string {
  return allowed === 0
    ? 'what no partition of this kind can be'
    : formatShortFlags(allowed).replaceAll('+', ' or ');
}

function protectionHint(
  designator: PartitionDesignator,
  state: PartitionState,
  allowed: PolicyFlags,
): string {
  if ((allowed & FLAG.signed) !== 0 && (state === 'verity' || state === 'unprotected')) {
    return 'build the image with a key and a certificate, so that its hash tree is signed';
  }
  if (state === 'absent') return `the image needs a ${designator} partition`;
  return `a policy that accepts it says ${designator}=${formatShortFlags(allowed | FLAG[state])}`;
}

/** A bit of the partition table is not in the one state that the policy allows. */
export function attributeFinding(
  designator: PartitionDesignator,
  attribute: 'read-only' | 'growfs',
  isSet: boolean,
): PolicyFinding {
  return {
    ...about('policy-attribute', 'error', designator),
    message: `${designator} has the ${attribute} bit ${isSet ? 'set' : 'not set'} in the partition table, while the policy demands the opposite`,
    hint: `a policy that accepts it says ${attribute}-${isSet ? 'on' : 'off'} for ${designator}`,
    allows: `${attribute}-${isSet ? 'off' : 'on'}`,
  };
}

/** Partitions do not belong together; `message` is the sentence. */
export function structureFinding(message: string, designator: PartitionDesignator): PolicyFinding {
  return { ...about('policy-structure', 'error', designator), message };
}

/** None of the partitions that are wanted is used; `wanted` is empty where any would do. */
export function nothingUsedFinding(wanted: readonly PartitionDesignator[]): PolicyFinding {
  const what = wanted.length === 0 ? 'any partition' : wanted.join(' or ');
  return {
    code: 'policy-nothing-used',
    layer: 'policy',
    level: 'error',
    message: `nothing of the image is used: it lacks ${what}, or the policy ignores it`,
    hint: 'an extension needs a partition that the policy lets it use',
    subjects: [...wanted],
  };
}

/** The policy promises verity, and systemd 257 does not set it up. */
export function verityUnusedFinding(designator: PartitionDesignator): PolicyFinding {
  return {
    ...about('policy-verity-unused', 'warning', designator),
    message: `without a signature in use systemd 257 knows no root hash for ${designator}, and mounts it unverified although the policy demands verity`,
    hint: `demand ${designator}=signed, which authenticates the image on every version of systemd`,
  };
}

/** A partition is in a state that systemd accepts although the policy does not name it. */
export function loopholeFinding(
  designator: PartitionDesignator,
  state: PartitionState,
  flags: PolicyFlags,
): PolicyFinding {
  const allows = formatFlags(flags & USE_MASK);
  return {
    ...about('policy-loophole', 'warning', designator),
    message: `${designator} is ${STATES[state]}: systemd accepts that, although the policy says ${allows}`,
    hint: 'encrypted next to verity or signed lets unprotected file systems pass: leave encrypted out',
    allows,
  };
}

function about<Code extends PolicyFindingCode, Level extends 'warning' | 'error'>(
  code: Code,
  level: Level,
  designator: PartitionDesignator,
) {
  return { code, layer: 'policy', level, designator, subjects: [designator] } as const;
}
