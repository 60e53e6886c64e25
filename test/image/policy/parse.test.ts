import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PARTITION_DESIGNATORS } from '../../../src/image/gpt/read-partition-type.ts';
import { protectorOf } from '../../../src/image/policy/designator.ts';
import { ImagePolicyError } from '../../../src/image/policy/error.ts';
import { FLAG, IGNORE, OPEN } from '../../../src/image/policy/flags.ts';
import { formatImagePolicy, isEquivalent, simplifyImagePolicy } from '../../../src/image/policy/format.ts';
import { parseImagePolicy } from '../../../src/image/policy/parse.ts';
import {
  defaultPolicy,
  effectiveFlags,
  type ImagePolicy,
  POLICY_ALLOW,
  POLICY_DENY,
  POLICY_IGNORE,
} from '../../../src/image/policy/policy.ts';

describe('the text of an image policy', () => {
  it('has short forms for everything, nothing used, nothing there', () => {
    expect(parseImagePolicy('*')).toEqual(POLICY_ALLOW);
    expect(parseImagePolicy('')).toEqual(POLICY_IGNORE);
    expect(parseImagePolicy('-')).toEqual(POLICY_IGNORE);
    expect(parseImagePolicy('~')).toEqual(POLICY_DENY);
  });

  it('is rules, with white space where it does no harm', () => {
    expect(parseImagePolicy(' root = verity + signed : = absent ')).toEqual({
      rules: new Map([['root', FLAG.verity | FLAG.signed]]),
      fallback: FLAG.absent,
    });
  });

  it('leaves open what is not named', () => {
    expect(parseImagePolicy('root=:usr=-')).toEqual({
      rules: new Map([
        ['root', 0],
        ['usr', 0],
      ]),
      fallback: IGNORE,
    });
    expect(parseImagePolicy('=open').fallback).toBe(OPEN);
  });

  it.each([
    ['root', 'policy-missing-equals', /'root' has no '='/],
    ['root=signed:', 'policy-missing-equals', /'' has no '='/],
    [' ', 'policy-missing-equals', /' ' has no '='/],
    ['boot=signed', 'policy-unknown-designator', /'boot' is no partition/],
    ['ROOT=signed', 'policy-unknown-designator', /'ROOT' is no partition/],
    ['constructor=signed', 'policy-unknown-designator', /'constructor' is no partition/],
    ['root=signed+', 'policy-unknown-flag', /'' is no flag/],
    ['root=erofs', 'policy-unknown-flag', /'erofs' is no flag/],
    ['root=*', 'policy-unknown-flag', /'\*' is no flag/],
    ['root=toString', 'policy-unknown-flag', /'toString' is no flag/],
    ['root=signed:usr=open:root=open', 'policy-duplicate', /two rules for root/],
    ['=open:=ignore', 'policy-duplicate', /two rules for all other partitions/],
    ['root=\x1b[2J', 'policy-unknown-flag', /'\\x1b\[2J' is no flag/],
  ])('%j is wrong usage that names the token', (text, code, message) => {
    const parse = () => parseImagePolicy(text);
    expect(parse).toThrow(ImagePolicyError);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code, exitCode: 2, hint: expect.any(String) }));
  });
});

const policy: fc.Arbitrary<ImagePolicy> = fc.record({
  rules: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...PARTITION_DESIGNATORS), fc.nat(0x3ff)), {
      selector: ([designator]) => designator,
    })
    .map((rules) => new Map(rules)),
  fallback: fc.nat(0x3ff),
});

describe('writing a policy', () => {
  it('gives back what was read', () => {
    fc.assert(
      fc.property(policy, (given) => {
        expect(parseImagePolicy(formatImagePolicy(given))).toEqual(given);
      }),
    );
  });

  it.each([
    ['root=verity+signed+encrypted+unprotected+unused+absent', 'root=open'],
    ['root=absent+unused:=open', 'root=ignore:=open'],
    ['root=open:=open', '*'],
    ['root=signed:=absent+unused', 'root=signed'],
    ['root=ignore', '-'],
    ['root=signed+read-only-on+read-only-off', 'root=signed'],
    ['root=growfs-off', 'root=growfs-off'],
  ])('shortens %s to %s', (long, short) => {
    expect(simplifyImagePolicy(parseImagePolicy(long))).toBe(short);
  });

  it('shortens to the same verdicts', () => {
    fc.assert(
      fc.property(policy, (given) => {
        // systemd leaves out a rule for a hash tree that equals the one for all others, and derives another then.
        fc.pre(![...given.rules.keys()].some((designator) => protectorOf(designator) !== undefined));
        const short = simplifyImagePolicy(given);
        expect([short, isEquivalent(parseImagePolicy(short), given)]).toEqual([short, true]);
      }),
    );
  });
});

describe('what a policy says of a partition', () => {
  const flags = (text: string, designator: (typeof PARTITION_DESIGNATORS)[number]): number =>
    effectiveFlags(parseImagePolicy(text), designator) & OPEN;

  it('derives hash and signature partition from the data', () => {
    expect(flags('root=signed', 'root-verity')).toBe(FLAG.unprotected);
    expect(flags('root=signed', 'root-verity-sig')).toBe(FLAG.unprotected);
    expect(flags('root=signed+absent', 'root-verity-sig')).toBe(FLAG.unprotected | FLAG.absent);
    expect(flags('root=verity', 'root-verity')).toBe(FLAG.unprotected);
  });

  it('ignores the signature where the data need none: the rule for all others applies', () => {
    expect(flags('root=verity', 'root-verity-sig')).toBe(IGNORE);
    expect(flags('root=verity:=absent', 'root-verity-sig')).toBe(FLAG.absent);
    expect(flags('root=unprotected', 'root-verity')).toBe(IGNORE);
  });

  it('derives nothing from the rule for all others', () => {
    expect(flags('=signed', 'root-verity')).toBe(0);
  });

  it('prefers a rule of its own', () => {
    expect(flags('root=signed:root-verity-sig=absent', 'root-verity-sig')).toBe(FLAG.absent);
  });

  it('takes out what a partition cannot have', () => {
    expect(flags('home=verity+signed+encrypted', 'home')).toBe(FLAG.encrypted);
    expect(flags('root-verity=open', 'root-verity')).toBe(FLAG.unprotected | IGNORE);
  });
});

describe("systemd's own policies", () => {
  it.each([
    [
      'sysext',
      false,
      'root=verity+signed+encrypted+unprotected+absent:usr=verity+signed+encrypted+unprotected+absent',
    ],
    ['sysext', true, 'root=signed+absent:usr=signed+absent'],
    ['confext', false, 'root=verity+signed+encrypted+unprotected+absent'],
    ['confext', true, 'root=signed+absent'],
  ] as const)('for a %s, strict %s', (kind, strict, text) => {
    expect(defaultPolicy(kind, strict)).toEqual(parseImagePolicy(text));
  });
});
