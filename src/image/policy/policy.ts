import type { PartitionDesignator } from '../gpt/read-partition-type.ts';
import { hasVerity, protectorOf } from './designator.ts';
import {
  extendFlags,
  FLAG,
  GROWFS_MASK,
  IGNORE,
  OPEN,
  type PolicyFlags,
  READ_ONLY_MASK,
  USE_MASK,
} from './flags.ts';

/** Which partitions an image may have and how they must be protected (systemd.image-policy(7)). */
export interface ImagePolicy {
  /** The flags that were named, for each partition that was; nothing is filled in. */
  readonly rules: ReadonlyMap<PartitionDesignator, PolicyFlags>;
  /** The flags for all others; nothing is filled in. */
  readonly fallback: PolicyFlags;
}

/**
 * What a policy says of a partition, once everything left open is filled in and what makes no sense for it is
 * masked (systemd 257 src/shared/image-policy.c: `image_policy_get_exhaustively`). A hash or signature partition
 * without a rule of its own follows from the partition that it protects.
 */
export function effectiveFlags(policy: ImagePolicy, designator: PartitionDesignator): PolicyFlags {
  const flags = policy.rules.get(designator) ?? derivedFlags(policy, designator) ?? policy.fallback;
  return normalizeFlags(flags, designator);
}

/** What a hash or signature partition may be, from the rule for its data; undefined where that has none for it. */
function derivedFlags(policy: ImagePolicy, designator: PartitionDesignator): PolicyFlags | undefined {
  const protector = protectorOf(designator);
  const rule = protector && policy.rules.get(protector.data);
  if (protector === undefined || rule === undefined) return undefined;
  const data = normalizeFlags(rule, protector.data);
  const wanted = protector.part === 'hash' ? FLAG.verity | FLAG.signed : FLAG.signed;
  if ((data & wanted) === 0) return undefined;
  return FLAG.unprotected | (data & (FLAG.unused | FLAG.absent | READ_ONLY_MASK | GROWFS_MASK));
}

/** Flags with the unnamed groups filled in and those that a partition cannot have taken out. */
export function normalizeFlags(flags: PolicyFlags, designator: PartitionDesignator): PolicyFlags {
  let normal = extendFlags(flags);
  if (!hasVerity(designator)) normal &= ~(FLAG.verity | FLAG.signed);
  if (protectorOf(designator) !== undefined) normal &= ~FLAG.encrypted;
  if ((normal & USE_MASK) === FLAG.absent) normal &= ~(READ_ONLY_MASK | GROWFS_MASK);
  return normal;
}

/** Everything is allowed (`*`): what systemd-dissect applies. */
export const POLICY_ALLOW: ImagePolicy = { rules: new Map(), fallback: OPEN };
/** Anything may exist, nothing is used (`-`). */
export const POLICY_IGNORE: ImagePolicy = { rules: new Map(), fallback: IGNORE };
/** Nothing may exist (`~`): what applies to an initrd's images below /.extra/ that are no extensions. */
export const POLICY_DENY: ImagePolicy = { rules: new Map(), fallback: FLAG.absent };

const ANY_PROTECTION = FLAG.verity | FLAG.signed | FLAG.encrypted | FLAG.unprotected | FLAG.absent;
const SIGNED_ONLY = FLAG.signed | FLAG.absent;

/** What systemd-sysext applies (`image_policy_sysext`). */
export const POLICY_SYSEXT: ImagePolicy = {
  rules: new Map([
    ['root', ANY_PROTECTION],
    ['usr', ANY_PROTECTION],
  ]),
  fallback: IGNORE,
};
/** What systemd-sysext applies to an initrd's /.extra/sysext (`image_policy_sysext_strict`). */
export const POLICY_SYSEXT_STRICT: ImagePolicy = {
  rules: new Map([
    ['root', SIGNED_ONLY],
    ['usr', SIGNED_ONLY],
  ]),
  fallback: IGNORE,
};
/** What systemd-confext applies (`image_policy_confext`). */
export const POLICY_CONFEXT: ImagePolicy = { rules: new Map([['root', ANY_PROTECTION]]), fallback: IGNORE };
/** What systemd-confext applies to an initrd's /.extra/confext (`image_policy_confext_strict`). */
export const POLICY_CONFEXT_STRICT: ImagePolicy = {
  rules: new Map([['root', SIGNED_ONLY]]),
  fallback: IGNORE,
};

/** The policy systemd applies to an extension when none was given; strict for images beside a unified kernel image. */
export function defaultPolicy(kind: 'sysext' | 'confext', strict = false): ImagePolicy {
  if (kind === 'sysext') return strict ? POLICY_SYSEXT_STRICT : POLICY_SYSEXT;
  return strict ? POLICY_CONFEXT_STRICT : POLICY_CONFEXT;
}
