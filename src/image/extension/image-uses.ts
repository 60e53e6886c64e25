import type { Release } from './release.ts';

/** The release files that an image may hold, by what it may be used as; undefined where there is none. */
export interface ImageReleases {
  /** `usr/lib/os-release` or `etc/os-release`. */
  readonly os?: Release | undefined;
  /** `etc/initrd-release` or `usr/lib/initrd-release`. */
  readonly initrd?: Release | undefined;
  readonly sysext?: Release | undefined;
  readonly confext?: Release | undefined;
}

/** What an image may be used as, by the names that `systemd-dissect --json` gives it. */
export interface ImageUses {
  readonly useBootableUefi: boolean;
  readonly useBootableContainer: boolean;
  readonly useInitrd: boolean;
  readonly usePortableService: boolean;
  readonly useSystemExtension: boolean;
  readonly useInitRDSystemExtension: boolean;
  readonly usePortableSystemExtension: boolean;
  readonly useConfigurationExtension: boolean;
  readonly useInitRDConfigurationExtension: boolean;
  readonly usePortableConfigurationExtension: boolean;
}

/** Where systemd looks for an init (dissect-image.c, dissected_image_acquire_metadata). */
export const INIT_PATHS = ['usr/lib/systemd/systemd', 'lib/systemd/systemd', 'sbin/init'] as const;

/**
 * What an image may be used as, by the rules of `systemd-dissect` 257 (src/shared/dissect-image.c: dissected_image_is_*;
 * src/dissect/dissect.c: get_extension_scopes). An extension without a scope is for systems and portable services.
 *
 * @param hasInit Whether one of {@link INIT_PATHS} is there.
 * @param hasEsp Whether there is an EFI system partition.
 */
export function imageUses(releases: ImageReleases, hasInit: boolean, hasEsp: boolean): ImageUses {
  const sysext = scopes(releases.sysext, 'SYSEXT_SCOPE');
  const confext = scopes(releases.confext, 'CONFEXT_SCOPE');
  return {
    useBootableUefi: hasInit && hasEsp,
    useBootableContainer: hasInit,
    useInitrd: hasInit && (releases.initrd?.size ?? 0) > 0,
    usePortableService: (releases.os?.get('PORTABLE_PREFIXES') ?? '') !== '',
    useSystemExtension: sysext.has('system'),
    useInitRDSystemExtension: sysext.has('initrd'),
    usePortableSystemExtension: sysext.has('portable'),
    useConfigurationExtension: confext.has('system'),
    useInitRDConfigurationExtension: confext.has('initrd'),
    usePortableConfigurationExtension: confext.has('portable'),
  };
}

function scopes(release: Release | undefined, field: string): ReadonlySet<string> {
  if (release === undefined || release.size === 0) return new Set();
  return new Set((release.get(field) ?? 'system portable').split(/\s+/));
}
