import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import type { Descriptor, Platform } from './descriptor.ts';
import type { Index } from './documents.ts';

/** The variant that an image without further words means by an architecture (Go's GOARM64, GOAMD64 defaults). */
const USUAL_VARIANTS: Readonly<Record<string, string>> = { arm64: 'v8', amd64: 'v1' };

/** A platform as container tools write it: `linux/arm64/v8`. */
export function platformName({ os, architecture, variant }: Partial<Platform>): string {
  return [os ?? '?', architecture ?? '?', ...(variant === undefined || variant === '' ? [] : [variant])].join(
    '/',
  );
}

/**
 * The manifest of an index that is for Linux on an architecture. Of several, the one of the usual variant, else the
 * first. An index with a single manifest that states no platform is taken at that.
 *
 * Throws a SourceError `not-found` that lists the platforms there are.
 */
export function choosePlatform({ manifests }: Index, architecture: string, description: string): Descriptor {
  const [only] = manifests;
  if (manifests.length === 1 && (only?.platform ?? undefined) === undefined) return only!;
  const fitting = manifests.filter(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === architecture,
  );
  const usual = fitting.find(({ platform }) => {
    return (platform?.variant ?? '') === '' || platform?.variant === USUAL_VARIANTS[architecture];
  });
  const chosen = usual ?? fitting[0];
  if (chosen !== undefined) return chosen;
  // BuildKit lists attestations as manifests of the platform unknown/unknown.
  const names = manifests
    .map(({ platform }) => platformName(platform ?? {}))
    .filter((name) => !/unknown|\?/.test(name));
  const offered =
    names.length === 0 ? 'none' : [...new Set(names)].slice(0, 20).map(escapeControls).join(', ');
  throw new SourceError(
    'not-found',
    `${description} has no image for linux/${architecture}; it has: ${offered}`,
    {
      hint: 'choose another architecture with --arch, or ask for an image of this one',
    },
  );
}

/**
 * Checks that an image is for Linux on an architecture. Images that do not say what they are for pass.
 *
 * Throws a SourceError `not-found` that names both.
 */
export function checkPlatform(stated: Platform, architecture: string, description: string): void {
  if (stated.architecture === '') return;
  if (stated.architecture === architecture && stated.os === 'linux') return;
  throw new SourceError(
    'not-found',
    `${description} is for ${escapeControls(platformName(stated))}, not for linux/${architecture}`,
    { hint: 'choose its architecture with --arch, or build the image for this one' },
  );
}
