import { describe, expect, it } from 'vitest';
import type { PartitionDesignator } from '../../../src/image/gpt/read-partition-type.ts';
import { evaluatePolicy } from '../../../src/image/policy/evaluate.ts';
import { parseImagePolicy } from '../../../src/image/policy/parse.ts';
import { defaultPolicy } from '../../../src/image/policy/policy.ts';
import type { PolicyPartition, PolicySubject } from '../../../src/image/policy/subject.ts';

const PLAIN: PolicyPartition = {
  architecture: 'x86-64',
  readOnly: true,
  growFileSystem: false,
  fileSystemType: 'erofs',
};

type Parts = Partial<Record<PartitionDesignator, Partial<PolicyPartition>>>;

function image(parts: Parts, generic: readonly PolicyPartition[] = []): PolicySubject {
  const entries = Object.entries(parts).map(
    ([designator, given]) => [designator as PartitionDesignator, { ...PLAIN, ...given }] as const,
  );
  return { hasPartitionTable: true, partitions: new Map(entries), generic };
}

const SIGNED = image({ root: {}, 'root-verity': {}, 'root-verity-sig': {} });
const VERITY = image({ root: {}, 'root-verity': {} });
const UNPROTECTED = image({ root: {} });

const evaluate = (policy: string, subject: PolicySubject) =>
  evaluatePolicy(parseImagePolicy(policy), subject);

describe('a policy', () => {
  it('that demands a signature accepts a signed image only, and says what the others lack', () => {
    expect(evaluate('root=signed', SIGNED)).toEqual({
      allowed: true,
      findings: [],
      used: ['root', 'root-verity', 'root-verity-sig'],
    });
    expect(evaluate('root=signed', VERITY)).toMatchObject({
      allowed: false,
      findings: [
        {
          code: 'policy-protection',
          layer: 'policy',
          level: 'error',
          designator: 'root',
          message: 'root is protected by a hash tree alone, while the policy demands signed',
          hint: 'build the image with a key and a certificate, so that its hash tree is signed',
          allows: 'signed',
          subjects: ['root'],
        },
        // The signature partition, too, must be there.
        { code: 'policy-protection', designator: 'root-verity-sig' },
      ],
    });
    expect(evaluate('root=signed', UNPROTECTED).allowed).toBe(false);
  });

  it('that demands verity is met without any being used, of which a warning tells', () => {
    for (const subject of [SIGNED, VERITY]) {
      expect(evaluate('root=verity', subject)).toMatchObject({
        allowed: true,
        used: ['root', 'root-verity'],
        findings: [{ code: 'policy-verity-unused', level: 'warning', designator: 'root' }],
      });
    }
    expect(evaluate('root=verity+unprotected', VERITY).findings).toEqual([]);
    expect(evaluate('root=verity+signed', SIGNED).findings).toEqual([]);
  });

  it('that allows encryption beside a signature lets an unprotected file system pass, with a warning', () => {
    expect(
      evaluate('root=signed+encrypted:root-verity=ignore:root-verity-sig=ignore', UNPROTECTED),
    ).toMatchObject({
      allowed: true,
      findings: [{ code: 'policy-loophole', level: 'warning' }],
    });
  });

  it('that forbids a partition refuses an image that has it', () => {
    expect(evaluate('root=open:home=absent', image({ root: {}, home: {} }))).toMatchObject({
      allowed: false,
      findings: [{ code: 'policy-partition-forbidden', designator: 'home' }],
    });
  });

  it('that ignores everything leaves nothing to use', () => {
    expect(evaluate('-', SIGNED)).toMatchObject({
      allowed: false,
      used: [],
      findings: [{ code: 'policy-nothing-used' }],
    });
  });

  it('compares the bits of the partition table where it names one state', () => {
    expect(evaluate('root=open+read-only-off', UNPROTECTED)).toMatchObject({
      allowed: false,
      findings: [{ code: 'policy-attribute', designator: 'root', allows: 'read-only-off' }],
    });
    expect(evaluate('root=open+read-only-off+read-only-on+growfs-off', UNPROTECTED).allowed).toBe(true);
  });

  it('names all reasons to refuse', () => {
    const subject = image({ root: { growFileSystem: true }, home: {}, 'usr-verity': {} });
    const { findings } = evaluate('root=signed+growfs-off:home=absent:usr-verity=unprotected', subject);
    expect(findings.map(({ code, designator }) => `${designator} ${code}`)).toEqual([
      'home policy-partition-forbidden',
      'usr-verity policy-structure',
      'root policy-protection',
      'root policy-attribute',
      'root-verity policy-protection',
      'root-verity-sig policy-protection',
    ]);
  });
});

describe('structure', () => {
  it.each<[string, Parts]>([
    ['a hash tree without data', { 'root-verity': {}, home: {} }],
    ['a signature without hash tree', { root: {}, 'root-verity-sig': {} }],
    ['two hash trees', { root: {}, 'root-verity': {}, usr: {}, 'usr-verity': {} }],
    ['a hash tree for root beside usr', { root: {}, 'root-verity': {}, usr: {} }],
    ['two architectures', { root: {}, usr: { architecture: 'arm64' } }],
  ])('refuses %s', (_, parts) => {
    const { allowed, findings } = evaluate('*', image(parts));
    expect(allowed).toBe(false);
    expect(findings.filter(({ level }) => level === 'error')).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'policy-structure' })]),
    );
  });

  it('does not count what the policy ignores', () => {
    const both = image({ root: {}, 'root-verity': {}, usr: {} });
    expect(evaluate('usr=ignore:=open', both).allowed).toBe(true);
  });

  it('takes a single generic partition for the root, whatever its bits', () => {
    const generic = { ...PLAIN, growFileSystem: true };
    expect(evaluate('root=unprotected+growfs-off', image({}, [generic]))).toMatchObject({
      allowed: true,
      used: ['root'],
    });
    expect(evaluate('*', image({}, [generic, generic])).allowed).toBe(false);
    expect(evaluate('usr=open', image({ usr: {} }, [generic, generic])).allowed).toBe(true);
  });
});

describe('a file system without a partition table', () => {
  const bare = (fileSystemType: string): PolicySubject => ({
    hasPartitionTable: false,
    partitions: new Map([['root', { ...PLAIN, architecture: undefined, readOnly: false, fileSystemType }]]),
    generic: [],
  });

  it('is judged by the rule for root alone', () => {
    expect(evaluate('root=unprotected:usr=signed', bare('erofs')).allowed).toBe(true);
    expect(evaluate('root=signed', bare('erofs')).allowed).toBe(false);
    expect(evaluate('root=encrypted', bare('crypto_LUKS')).allowed).toBe(true);
    expect(evaluate('root=encrypted+verity', bare('erofs')).allowed).toBe(false);
    expect(evaluate('root=ignore', bare('erofs')).findings).toMatchObject([{ code: 'policy-nothing-used' }]);
  });
});

describe('what an extension needs', () => {
  it('is a partition for root or /usr', () => {
    const home = image({ home: {} });
    const policy = parseImagePolicy('*');
    expect(evaluatePolicy(policy, home).allowed).toBe(true);
    expect(evaluatePolicy(policy, home, { requireOneOf: ['root', 'usr'] })).toMatchObject({
      allowed: false,
      findings: [{ code: 'policy-nothing-used', subjects: ['root', 'usr'] }],
    });
  });

  it('is met by an image of ours under every policy of systemd', () => {
    for (const kind of ['sysext', 'confext'] as const) {
      for (const strict of [false, true]) {
        const options = { requireOneOf: ['root', 'usr'] } as const;
        expect(evaluatePolicy(defaultPolicy(kind, strict), SIGNED, options)).toMatchObject({
          allowed: true,
          findings: [],
        });
      }
    }
  });
});
