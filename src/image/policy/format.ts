import { PARTITION_DESIGNATORS } from '../gpt/read-partition-type.ts';
import {
  extendFlags,
  FLAG,
  GROWFS_MASK,
  IGNORE,
  OPEN,
  type PolicyFlag,
  type PolicyFlags,
  READ_ONLY_MASK,
  USE_MASK,
} from './flags.ts';
import {
  effectiveFlags,
  type ImagePolicy,
  normalizeFlags,
  POLICY_ALLOW,
  POLICY_DENY,
  POLICY_IGNORE,
} from './policy.ts';

/** The order in which systemd writes flags. */
const WORDS: readonly PolicyFlag[] = [
  'verity',
  'signed',
  'encrypted',
  'unprotected',
  'unused',
  'absent',
  'read-only-on',
  'read-only-off',
  'growfs-off',
  'growfs-on',
];

/** A policy in full, as systemd writes it (`image_policy_to_string`): what was named, and the rule for all others. */
export function formatImagePolicy(policy: ImagePolicy): string {
  return [...ruleTexts(policy), `=${formatFlags(policy.fallback)}`].join(':');
}

/** A policy in its short form, as systemd writes it: the same verdicts for every image. */
export function simplifyImagePolicy(policy: ImagePolicy): string {
  for (const [text, whole] of [
    ['*', POLICY_ALLOW],
    ['-', POLICY_IGNORE],
    ['~', POLICY_DENY],
  ] as const) {
    if (isEquivalent(policy, whole)) return text;
  }
  const rules = PARTITION_DESIGNATORS.flatMap((designator) => {
    const flags = policy.rules.get(designator);
    if (flags === undefined || flags === normalizeFlags(policy.fallback, designator)) return [];
    return [`${designator}=${formatShortFlags(flags)}`];
  });
  if (extendFlags(policy.fallback) !== extendFlags(IGNORE))
    rules.push(`=${formatShortFlags(policy.fallback)}`);
  return rules.length === 0 ? '-' : rules.join(':');
}

/** Whether two policies have the same verdict for every image. */
export function isEquivalent(one: ImagePolicy, other: ImagePolicy): boolean {
  return (
    extendFlags(one.fallback) === extendFlags(other.fallback) &&
    PARTITION_DESIGNATORS.every(
      (designator) => effectiveFlags(one, designator) === effectiveFlags(other, designator),
    )
  );
}

/** The words of some flags, joined with `+`; `-` for none. */
export function formatFlags(flags: PolicyFlags): string {
  const words = WORDS.filter((word) => (flags & FLAG[word]) !== 0);
  return words.length === 0 ? '-' : words.join('+');
}

/** As {@link formatFlags}, with `open` and `ignore`, and without pairs that leave something open. */
export function formatShortFlags(flags: PolicyFlags): string {
  const use = flags & USE_MASK;
  const words: string[] = [];
  if (use === OPEN) words.push('open');
  else if (use === IGNORE) words.push('ignore');
  else if (use !== 0) words.push(formatFlags(use));
  for (const mask of [READ_ONLY_MASK, GROWFS_MASK]) {
    const state = flags & mask;
    if (state !== 0 && state !== mask) words.push(formatFlags(state));
  }
  return words.length === 0 ? '-' : words.join('+');
}

function ruleTexts(policy: ImagePolicy): string[] {
  return PARTITION_DESIGNATORS.flatMap((designator) => {
    const flags = policy.rules.get(designator);
    return flags === undefined ? [] : [`${designator}=${formatFlags(flags)}`];
  });
}
