import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Plan,
  type PlannedBoot,
  type PlannedImage,
  planDisable,
  planEnable,
  planRemove,
} from '../../../src/node/lifecycle/plan.ts';
import { PROFILES, type Profile } from '../../../src/node/store/layout.ts';

const ACTIVE: PlannedBoot = { state: 'active', profiles: ['active', 'common'] };
const UNKNOWN: PlannedBoot = { state: 'unknown', profiles: [] };

const image = (changes: Partial<PlannedImage> = {}): PlannedImage => ({
  fileName: 'k3s.raw',
  profiles: [],
  runLink: undefined,
  isLive: false,
  isCurrent: true,
  ...changes,
});
const liveBy = (profile: Profile, profiles: Profile[] = [profile]): PlannedImage =>
  image({ profiles, runLink: { profile, resolves: true }, isLive: true });

const text = ({ steps }: Plan): string =>
  steps.map((step) => `${step.action}${'profile' in step ? ` ${step.profile ?? 'image'}` : ''}`).join(', ');

describe('enable', () => {
  test.each<[string, PlannedImage, PlannedBoot, Profile, boolean, string, RegExp]>([
    [
      'for the next boot',
      image(),
      ACTIVE,
      'active',
      false,
      'link-profile active',
      /loaded by the next boot into the profile active/,
    ],
    ['and make live', image(), ACTIVE, 'active', true, 'link-profile active, link-run active, refresh', /^$/],
    [
      'for every boot and make live, whichever boot this is',
      image(),
      UNKNOWN,
      'common',
      true,
      'link-profile common, link-run common, refresh',
      /^$/,
    ],
    [
      'for another boot, not live',
      image(),
      ACTIVE,
      'recovery',
      true,
      'link-profile recovery',
      /not made live: this boot is active, which does not load the profile recovery/,
    ],
    [
      'in a boot that nobody knows',
      image(),
      UNKNOWN,
      'active',
      true,
      'link-profile active',
      /not known which profile this boot is/,
    ],
    ['what is enabled', image({ profiles: ['active'] }), ACTIVE, 'active', false, '', /already enabled/],
    [
      'what is enabled but not live',
      image({ profiles: ['active'] }),
      ACTIVE,
      'active',
      true,
      'link-run active, refresh',
      /already enabled/,
    ],
    [
      'what is linked but not live',
      image({ profiles: ['active'], runLink: { profile: 'active', resolves: true } }),
      ACTIVE,
      'active',
      true,
      'refresh',
      /already enabled/,
    ],
    [
      'what has a link that dangles',
      image({ runLink: { profile: 'common', resolves: false } }),
      ACTIVE,
      'active',
      true,
      'link-profile active, link-run active, refresh',
      /^$/,
    ],
    ['what is live', liveBy('active'), ACTIVE, 'active', true, '', /already live/],
    [
      'what is live by another profile',
      liveBy('common'),
      ACTIVE,
      'active',
      true,
      'link-profile active',
      /already live/,
    ],
    [
      'what is live with the content before',
      { ...liveBy('active'), isCurrent: false },
      ACTIVE,
      'active',
      true,
      'refresh',
      /already enabled/,
    ],
  ])('%s', (_, planned, boot, profile, now, steps, notes) => {
    const plan = planEnable(planned, boot, profile, now);
    expect(text(plan)).toBe(steps);
    expect(plan.notes.join('; ')).toMatch(notes);
  });
});

describe('disable', () => {
  test.each<[string, PlannedImage, PlannedBoot, Profile, boolean, string, RegExp]>([
    [
      'for the next boot',
      image({ profiles: ['active'] }),
      ACTIVE,
      'active',
      false,
      'unlink-profile active',
      /^$/,
    ],
    ['what is not enabled', image(), ACTIVE, 'active', false, '', /not enabled for the profile active/],
    [
      'and unload',
      liveBy('active'),
      ACTIVE,
      'active',
      true,
      'unlink-profile active, unlink-run, refresh',
      /^$/,
    ],
    [
      'what stays live, whose link must not dangle',
      liveBy('active'),
      ACTIVE,
      'active',
      false,
      'unlink-profile active, link-run image',
      /stays live until the next boot/,
    ],
    [
      'what another profile of this boot wants',
      liveBy('active', ['active', 'common']),
      ACTIVE,
      'active',
      true,
      'unlink-profile active, link-run common',
      /stays live: this boot loads it by the profile common/,
    ],
    [
      'by which it is not live',
      liveBy('common', ['active', 'common']),
      ACTIVE,
      'active',
      true,
      'unlink-profile active',
      /stays live/,
    ],
    [
      'that this boot does not load',
      liveBy('active', ['active', 'passive']),
      ACTIVE,
      'passive',
      true,
      'unlink-profile passive',
      /stays live/,
    ],
    [
      'that this boot does not load, of what is enabled nowhere else',
      image({ profiles: ['passive'], runLink: { profile: undefined, resolves: true }, isLive: true }),
      ACTIVE,
      'passive',
      true,
      'unlink-profile passive',
      /stays live: this boot is active/,
    ],
    [
      'and finish an unloading that was interrupted',
      image({ runLink: { profile: 'active', resolves: false }, isLive: true }),
      ACTIVE,
      'active',
      true,
      'unlink-run, refresh',
      /not enabled/,
    ],
  ])('%s', (_, planned, boot, profile, now, steps, notes) => {
    const plan = planDisable(planned, boot, profile, now);
    expect(text(plan)).toBe(steps);
    expect(plan.notes.join('; ')).toMatch(notes);
  });
});

describe('remove', () => {
  test.each<[string, PlannedImage, boolean, string, RegExp]>([
    ['what is not live', image({ profiles: ['active', 'common'] }), false, 'remove-image', /^$/],
    [
      'what stays live, without a link that dangles',
      liveBy('active'),
      false,
      'unlink-run, remove-image',
      /stays live until the next boot/,
    ],
    ['and unload', liveBy('active'), true, 'unlink-run, refresh, remove-image', /^$/],
  ])('%s', (_, planned, now, steps, notes) => {
    const plan = planRemove(planned, now);
    expect(text(plan)).toBe(steps);
    expect(plan.notes.join('; ')).toMatch(notes);
  });
});

describe('whatever the machine is like', () => {
  const profiles = fc.subarray([...PROFILES]);
  const images = fc.record({
    fileName: fc.constant('k3s.raw'),
    profiles,
    runLink: fc.option(
      fc.record({
        profile: fc.option(fc.constantFrom(...PROFILES), { nil: undefined }),
        resolves: fc.boolean(),
      }),
      { nil: undefined },
    ),
    isLive: fc.boolean(),
    isCurrent: fc.boolean(),
  });
  const boots = fc.constantFrom(ACTIVE, UNKNOWN, {
    state: 'recovery',
    profiles: ['recovery', 'common'] as Profile[],
  });

  /** What the machine is like after a plan. */
  const resultOf = (planned: PlannedImage, { steps }: Plan): PlannedImage => {
    let state = planned;
    for (const step of steps) {
      if (step.action === 'link-profile')
        state = {
          ...state,
          profiles: PROFILES.filter((p) => p === step.profile || state.profiles.includes(p)),
        };
      if (step.action === 'unlink-profile')
        state = { ...state, profiles: state.profiles.filter((p) => p !== step.profile) };
      if (step.action === 'link-run')
        state = { ...state, runLink: { profile: step.profile, resolves: true } };
      if (step.action === 'unlink-run') state = { ...state, runLink: undefined };
      if (step.action === 'refresh')
        state = { ...state, isLive: state.runLink !== undefined, isCurrent: true };
    }
    return state;
  };

  test('a second time there is nothing to do', () => {
    fc.assert(
      fc.property(
        images,
        boots,
        fc.constantFrom(...PROFILES),
        fc.boolean(),
        (planned, boot, profile, now) => {
          for (const make of [planEnable, planDisable]) {
            const once = resultOf(planned, make(planned, boot, profile, now));
            expect(make(once, boot, profile, now).steps).toEqual([]);
          }
        },
      ),
    );
  });

  test('no link in /run is left to a profile that does not have it any more', () => {
    fc.assert(
      fc.property(
        images,
        boots,
        fc.constantFrom(...PROFILES),
        fc.boolean(),
        (planned, boot, profile, now) => {
          const state = resultOf(planned, planDisable(planned, boot, profile, now));
          const link = state.runLink?.profile;
          const before = planned.runLink?.profile;
          if (before === profile) expect(link).not.toBe(profile);
        },
      ),
    );
  });
});
