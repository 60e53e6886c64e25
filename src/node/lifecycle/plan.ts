import type { ByteString } from '../../base/byte-string.ts';
import type { Profile } from '../store/layout.ts';

/** One thing that is done to the store or to the running system. */
export type Step =
  /** Enables an image for a profile. */
  | { readonly action: 'link-profile'; readonly fileName: ByteString; readonly profile: Profile }
  /** Disables it. */
  | { readonly action: 'unlink-profile'; readonly fileName: ByteString; readonly profile: Profile }
  /** Shows an image to systemd until the next boot: by the path that a profile has for it, or else by its own. */
  | { readonly action: 'link-run'; readonly fileName: ByteString; readonly profile: Profile | undefined }
  /** Hides it again. */
  | { readonly action: 'unlink-run'; readonly fileName: ByteString }
  /** Lets systemd merge what it is shown. */
  | { readonly action: 'refresh' }
  /** Removes an image with its links in all profiles. */
  | { readonly action: 'remove-image'; readonly fileName: ByteString };

/** What will be done, in this order, and why nothing more; data for `--dry-run` and `--json`. */
export interface Plan {
  readonly fileName: ByteString;
  readonly steps: readonly Step[];
  /** What the person should know of it: sentences without the final full stop. */
  readonly notes: readonly string[];
}

/** An image in the store as a plan sees it. */
export interface PlannedImage {
  readonly fileName: ByteString;
  /** The profiles it is enabled for. */
  readonly profiles: readonly Profile[];
  /** What shows it to systemd until the next boot. */
  readonly runLink: RunLink | undefined;
  /** Whether systemd has merged an extension of its name. */
  readonly isLive: boolean;
  /** Whether what is merged is this very file, as far as can be told. */
  readonly isCurrent: boolean;
}

/** A link in /run that leads to an image of the store. */
export interface RunLink {
  /** The profile by whose path it leads there; undefined for another path to the image. */
  readonly profile: Profile | undefined;
  /** Whether there is something at its end. */
  readonly resolves: boolean;
}

/** The machine that a plan is for. */
export interface PlannedBoot {
  /** The boot state in words, such as `active`. */
  readonly state: string;
  /** The profiles that this boot loads; none if nobody knows which boot it is. */
  readonly profiles: readonly Profile[];
}

/** Enables an image for a profile and, with `now`, makes it live if this boot loads that profile. */
export function planEnable(image: PlannedImage, boot: PlannedBoot, profile: Profile, now: boolean): Plan {
  const { fileName, profiles, runLink, isLive, isCurrent } = image;
  const steps: Step[] = [];
  const notes: string[] = [];
  if (profiles.includes(profile)) notes.push(`it is already enabled for ${profileText(profile)}`);
  else steps.push({ action: 'link-profile', fileName, profile });
  if (!now) {
    if (!isLive) notes.push(`it is loaded by the next boot ${bootText(profile)}`);
    return { fileName, steps, notes };
  }
  if (!isLoaded(profile, boot)) {
    notes.push(`it is not made live: ${stateText(boot)}, which does not load the profile ${profile}`);
    return { fileName, steps, notes };
  }
  const isShown = runLink?.resolves === true;
  if (!isShown) steps.push({ action: 'link-run', fileName, profile });
  if (!isShown || !isLive || !isCurrent) steps.push({ action: 'refresh' });
  else notes.push('it is already live');
  return { fileName, steps, notes };
}

/** Disables an image for a profile and, with `now`, unloads it unless this boot still loads it by another profile. */
export function planDisable(image: PlannedImage, boot: PlannedBoot, profile: Profile, now: boolean): Plan {
  const { fileName, profiles, runLink, isLive } = image;
  const steps: Step[] = [];
  const notes: string[] = [];
  if (profiles.includes(profile)) steps.push({ action: 'unlink-profile', fileName, profile });
  else notes.push(`it is not enabled for ${profileText(profile)}`);
  const others = profiles.filter((other) => other !== profile && isLoaded(other, boot));
  const [other] = others;
  if (other !== undefined) {
    if (runLink?.profile === profile) steps.push({ action: 'link-run', fileName, profile: other });
    if (now || isLive) {
      notes.push(`it stays live: this boot loads it by the profile ${others.join(' and ')}, too`);
    }
    return { fileName, steps, notes };
  }
  if (now && isLoaded(profile, boot)) {
    steps.push(...unload(image));
    return { fileName, steps, notes };
  }
  // The link must not dangle when the profile's is gone, nor the extension vanish when another one is refreshed.
  if (runLink?.profile === profile) steps.push({ action: 'link-run', fileName, profile: undefined });
  if (isLive) {
    notes.push(
      now
        ? `it stays live: ${stateText(boot)}, which does not load the profile ${profile}`
        : 'it stays live until the next boot; --now unloads it at once',
    );
  }
  return { fileName, steps, notes };
}

/** Removes an image and its links and, with `now`, unloads it. */
export function planRemove(image: PlannedImage, now: boolean): Plan {
  const { fileName, runLink, isLive } = image;
  const steps: Step[] = [];
  if (now) steps.push(...unload(image));
  else if (runLink !== undefined) steps.push({ action: 'unlink-run', fileName });
  steps.push({ action: 'remove-image', fileName });
  const stays =
    'it stays live until the next boot, or until extensions are next refreshed; --now unloads it at once';
  return { fileName, steps, notes: isLive && !now ? [stays] : [] };
}

function unload({ fileName, runLink, isLive }: PlannedImage): Step[] {
  const steps: Step[] = [];
  if (runLink !== undefined) steps.push({ action: 'unlink-run', fileName });
  if (isLive) steps.push({ action: 'refresh' });
  return steps;
}

/** Whether this boot loads a profile. Common is every boot's, also of one that nobody knows. */
export function isLoaded(profile: Profile, boot: PlannedBoot): boolean {
  return profile === 'common' || boot.profiles.includes(profile);
}

/** A profile as the object of a sentence. */
function profileText(profile: Profile): string {
  return profile === 'common' ? 'every boot' : `the profile ${profile}`;
}

function bootText(profile: Profile): string {
  return profile === 'common' ? 'of any profile' : `into the profile ${profile}`;
}

function stateText({ state, profiles }: PlannedBoot): string {
  return profiles.length === 0 ? 'it is not known which profile this boot is' : `this boot is ${state}`;
}
