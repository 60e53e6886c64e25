import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../src/boot/candidate.ts';
import { chooseSet } from '../../src/boot/choose-set.ts';
import { SYSEXT } from '../../src/image/extension/kind.ts';
import { mergeOrder } from '../../src/image/extension/merge-order.ts';
import { OVERLAY_OPTIONS_MAX, overlayOptionsLength } from '../../src/node/machine/overlay-options.ts';
import type { FoundExtension } from '../../src/node/machine/search-directories.ts';

const candidate = (name: string, profile: Candidate['profile'] = 'active'): Candidate => ({
  kind: SYSEXT,
  profile,
  entry: `${name}.sysext.raw`,
  image: `${name}.sysext.raw`,
  isInProfile: false,
  name,
  link: `${name}.sysext.raw`,
  size: 1,
});
const elsewhere = (name: string, directory: string, state: FoundExtension['state'] = 'used') => ({
  name,
  directory,
  entry: `${name}.raw`,
  kind: 'file' as const,
  target: undefined,
  state,
});
function choose(
  candidates: readonly Candidate[],
  others: readonly FoundExtension[] = [],
  hierarchies = ['/usr'],
) {
  const { chosen, leftOut } = chooseSet(candidates, { elsewhere: others, hierarchies });
  return {
    chosen: chosen.map(({ profile, name }) => `${profile}/${name}`),
    leftOut: leftOut.map(
      ({ candidate: { profile, name }, refusal }) => `${profile}/${name}: ${refusal.code}`,
    ),
  };
}

test('who comes first wins over one of the same name, and of a name that compares equal', () => {
  expect(
    choose([candidate('a1'), candidate('b'), candidate('a01', 'common'), candidate('b', 'common')]),
  ).toEqual({
    chosen: ['active/a1', 'active/b'],
    leftOut: ['common/a01: undefined-order', 'common/b: same-name'],
  });
});

describe('extensions elsewhere', () => {
  test('win from /etc, and give way from /var', () => {
    const others = [elsewhere('a', '/etc/extensions'), elsewhere('b', '/var/lib/extensions')];
    expect(choose([candidate('a'), candidate('b')], others)).toEqual({
      chosen: ['active/b'],
      leftOut: ['active/a: shadowed'],
    });
  });

  test('take room that ours then do not have', () => {
    const others = Array.from({ length: 60 }, (_, index) =>
      elsewhere(`elsewhere${index}`, '/var/lib/extensions'),
    );
    const ours = Array.from({ length: 60 }, (_, index) => candidate(`ours${index}`));
    const { chosen, leftOut } = choose(ours, others);
    expect(chosen.length).toBeLessThan(30);
    expect(leftOut[0]).toMatch(/too-many$/);
  });
});

test('what is too long is left out, and what fits after it is taken', () => {
  const long = Array.from({ length: 20 }, (_, index) => candidate(`${'x'.repeat(190)}${index}`));
  const { chosen, leftOut } = choose([...long, candidate('short')]);
  expect(chosen.at(-1)).toBe('active/short');
  expect(leftOut.every((text) => text.endsWith('too-many'))).toBe(true);
});

test('whatever the names, the chosen ones go together, and each is chosen or left out', () => {
  const names = fc.array(fc.stringMatching(/^[ab01_.+~^-]{1,60}$/), { maxLength: 150 });
  const hierarchies = ['/usr', '/usr/local/include'];
  fc.assert(
    fc.property(names, names, (own, common) => {
      const candidates = [
        ...own.map((name) => candidate(name)),
        ...common.map((name) => candidate(name, 'common')),
      ];
      const { chosen, leftOut } = chooseSet(candidates, { elsewhere: [], hierarchies });
      expect(chosen.length + leftOut.length).toBe(candidates.length);
      const merged = chosen.map(({ name }) => name);
      expect(new Set(merged).size).toBe(merged.length);
      expect(mergeOrder(merged).ties).toEqual([]);
      for (const hierarchy of hierarchies) {
        expect(overlayOptionsLength(merged, hierarchy)).toBeLessThanOrEqual(OVERLAY_OPTIONS_MAX);
      }
    }),
    { numRuns: 40 },
  );
});
