import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../../src/image/extension/version-compare.ts';

/*
 * What systemd-analyze compare-versions of systemd 257 answers. The first half are the cases of systemd's own tests and of
 * the Version Format Specification (UAPI.10).
 */
const PAIRS = `
~1 < '' | 123^aa1-99.99 < 123^aa2-67.89 | 1.0~rc1~git123 < 1.0~rc1 | '' < ab
123^aa2-67.89 < 123aa2-67.89 | 1.0 < 1.0^ | ab < abb | 123.aa2-67.89 < 123aa2-67.89 | 1.0 < 1.0^git1
abb < abc | 123.aa2-67.89 < 123.ab2-67.89 | 1.0^git1 < 1.0^git2 | abc < 0001
123_aa2-67.89 == 123aa+2-67.89 | 1.0^git1 < 1.01 | 0001 < 002 | 123. > 123 | 1.0^20160101 < 1.0.1
002 < 12 | 12_3 < 123 | 1.0^20160101^git1 < 1.0^20160102 | 12 < 122 | 12_3 > 12 | 1.0~rc1 < 1.0~rc1^git1
122 < 122.9 | 12_3 > 12.3 | 1.0^git1~pre < 1.0^git1 | 122.9 < 123~rc1 | 123.0 > 123 | 1.fc17 < 1b.fc17
123~rc1 < 123 | 123_0 > 123 | 1.fc17 < 1g.fc17 | 123 < 123-a | 123..0 < 123.0 | alpha < beta
123-a < 123-a.1 | 0_ == 0 | gamma9 < gamma10 | 123-a.1 < 123-a1 | _0_ == 0 | foo < foo-1
123-a1 < 123-a1.1 | 0 == 0___ | foo-1 < foo-2 | 123-a1.1 < 123-3 | '' == _ | foo-2 < foo-10
123-3 < 123-3.1 | '' > ~ | foo-1.2 < foo-1.10 | 123-3.1 < 123^patch1 | ~ == ~ | foo < foo_1
123^patch1 < 123^1 | 1.0 == 1.0 | foo_1 < foo_2 | 123^1 < 123.a-1 | 1.0 < 2.0 | foo_1 == foo1
123.a-1 < 123.1-1 | 2.0 < 2.0.1 | foo.1 < foo1 | 123.1-1 < 123a-1 | 2.0.1 < 2.0.1a | foo-1 < foo.1
123a-1 < 124 | 5.5p1 < 5.5p2 | foo > Foo | 123.45-67.88 < 123.45-67.89 | 5.5p1 < 5.5p10 | Z < a
123.45-67.89 < 123.45-67.89a | 10.1xyz < 10xyz | kubernetes-v1.29.2 < kubernetes-v1.29.10
123.45-67.ab < 123.45-67.89 | xyz10 < xyz10.1 | k8s-1.30.0~rc1 < k8s-1.30.0 | 123.45-67.9 < 123.45-67.89
xyz.4 < 8 | docker-24 > docker-compose | 123.45-67 < 123.45-67.89 | xyz.4 < 2
docker-compose > docker-ce | 123.45-66.89 < 123.45-67.89 | 5.5p2 < 5.6p1 | 00-base < 10-net
123.45-9.99 < 123.45-67.89 | 6.0 < 6.0.rc1 | 2-a < 10-a | 123.42-99.99 < 123.45-67.89 | 10a2 < 10b2
a1 == a01 | 123-99.99 < 123.45-67.89 | 1.0a < 1.0aa | a.b < ab | 123~rc1-99.99 < 123.45-67.89
10.0001 == 10.1 | a-b < a.b | 123~rc1-99.99 < 123-45.67.89 | 10.0001 < 10.0039 | a~b < a
123~rc1-99.99 < 123~rc2-67.89 | 4.999.9 < 5.0 | nvidia_535 > nvidia-535 | 123~rc1-99.99 < 123^aa2-67.89
20101121 < 20101122 | x86-64 < x86_64 | 123~rc1-99.99 < 123aa2-67.89 | 2.0 < 2_0 | 1.0-rc1 > 1.0
123-99.99 < 123^aa2-67.89 | a+ == a_ | 1.0-rc1 < 1.0.1 | 123-99.99 < 123aa2-67.89 | +a == _a
123^45-67.89 < 123.45-67.89 | 1.0~rc1 < 1.0
`;

const SIGNS = { '<': -1, '==': 0, '>': 1 } as const;

const pairs = PAIRS.trim()
  .split(/ \| |\n/)
  .map(
    (pair) =>
      pair.split(' ').map((word) => (word === "''" ? '' : word)) as [string, keyof typeof SIGNS, string],
  );

describe('version comparison', () => {
  it.each(pairs)('%j %s %j', (a, sign, b) => {
    expect(compareVersions(a, b)).toBe(SIGNS[sign]);
    expect(compareVersions(b, a)).toBe(SIGNS[sign] === 0 ? 0 : -SIGNS[sign]);
  });

  it('has all 118 pairs', () => {
    expect(pairs).toHaveLength(118);
  });

  it('orders the table of the Kairos documentation', () => {
    const table =
      '122.1 123~rc1-1 123 123-a 123-a.1 123-1 123-1.1 123^post1 123.a-1 123.1-1 123a-1 124-1'.split(' ');
    expect(table.toReversed().sort(compareVersions)).toEqual(table);
    for (const [index, newer] of table.entries()) {
      for (const older of table.slice(0, index)) expect(compareVersions(older, newer)).toBe(-1);
    }
  });

  it('takes what follows ~ before the end: ASCII for newer, other bytes, which are negative on x86, for older', () => {
    expect(compareVersions('~_', '~')).toBe(1);
    expect(compareVersions('~\u00fc', '~')).toBe(-1);
    expect(compareVersions('~\xc3\xbc', '~')).toBe(-1);
  });

  it('takes every run of ignored characters for the same', () => {
    expect(compareVersions('a\u{1f600}b', 'a___b')).toBe(0);
  });

  const text = fc.string({ unit: fc.constantFrom(...'~-^._+ 0019abZ\u00fc'), maxLength: 12 });

  it('is the same from both sides', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds every text equal to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (a) => {
        expect(compareVersions(a, a)).toBe(0);
      }),
    );
  });
});
