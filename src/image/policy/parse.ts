import { escapeControls } from '../../base/display.ts';
import { PARTITION_DESIGNATORS, type PartitionDesignator } from '../gpt/read-partition-type.ts';
import { ImagePolicyError, type ImagePolicyErrorCode } from './error.ts';
import { FLAG, IGNORE, type PolicyFlags, SHORTCUTS } from './flags.ts';
import { type ImagePolicy, POLICY_ALLOW, POLICY_DENY, POLICY_IGNORE } from './policy.ts';

const WHOLE: Readonly<Record<string, ImagePolicy>> = {
  '': POLICY_IGNORE,
  '-': POLICY_IGNORE,
  '*': POLICY_ALLOW,
  '~': POLICY_DENY,
};
const FLAGS: ReadonlyMap<string, PolicyFlags> = new Map(Object.entries({ ...FLAG, ...SHORTCUTS }));
const DESIGNATORS: ReadonlySet<string> = new Set(PARTITION_DESIGNATORS);

/**
 * Reads a policy as systemd 257 writes them: `root=signed+absent:usr=signed+absent:=ignore`.
 *
 * @throws ImagePolicyError naming the token that cannot be understood.
 */
export function parseImagePolicy(text: string): ImagePolicy {
  const whole = Object.hasOwn(WHOLE, text) ? WHOLE[text] : undefined;
  if (whole !== undefined) return whole;
  const rules = new Map<PartitionDesignator, PolicyFlags>();
  let fallback: PolicyFlags | undefined;
  for (const rule of text.split(':')) {
    const equals = rule.indexOf('=');
    if (equals === -1) {
      throw refusal('policy-missing-equals', text, `'${rule}' has no '='`, RULE_HINT);
    }
    const designator = trim(rule.slice(0, equals));
    const flags = parseFlags(trim(rule.slice(equals + 1)), text);
    if (designator === '') {
      if (fallback !== undefined) throw duplicate(text, 'for all other partitions');
      fallback = flags;
    } else if (!isDesignator(designator)) {
      const hint = `the partitions a policy knows are ${PARTITION_DESIGNATORS.join(', ')}`;
      throw refusal('policy-unknown-designator', text, `'${designator}' is no partition`, hint);
    } else {
      if (rules.has(designator)) throw duplicate(text, `for ${designator}`);
      rules.set(designator, flags);
    }
  }
  return { rules, fallback: fallback ?? IGNORE };
}

const RULE_HINT = "write rules as in 'root=signed+absent:usr=signed+absent', with a colon between them";

function parseFlags(words: string, text: string): PolicyFlags {
  if (words === '' || words === '-') return 0;
  let flags = 0;
  for (const word of words.split('+').map(trim)) {
    const flag = FLAGS.get(word);
    if (flag === undefined) {
      const hint = `the flags systemd 257 knows are ${[...FLAGS.keys()].join(', ')}`;
      throw refusal('policy-unknown-flag', text, `'${word}' is no flag`, hint);
    }
    flags |= flag;
  }
  return flags;
}

function isDesignator(word: string): word is PartitionDesignator {
  return DESIGNATORS.has(word);
}

/** Without the white space that systemd strips. */
function trim(word: string): string {
  let end = word.length;
  // Not by an expression: one that looks for white space up to the end begins anew at each.
  while (end > 0 && ' \t\n\r'.includes(word[end - 1]!)) end -= 1;
  return word.slice(0, end).replace(/^[ \t\n\r]+/, '');
}

function duplicate(text: string, which: string): ImagePolicyError {
  return refusal(
    'policy-duplicate',
    text,
    `there are two rules ${which}`,
    'join their flags with + in one rule',
  );
}

function refusal(code: ImagePolicyErrorCode, text: string, cause: string, hint: string): ImagePolicyError {
  return new ImagePolicyError(code, `image policy '${escapeControls(text)}': ${escapeControls(cause)}`, {
    hint,
  });
}
