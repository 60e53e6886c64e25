import { escapeControls } from '../../base/display.ts';
import type { ExtensionKind } from './kind.ts';
import type { Release } from './release.ts';
import { compareVersions } from './version-compare.ts';

/** What a host says of itself, as far as extensions are matched with it. */
export interface HostRelease {
  /** ID of its os-release. */
  readonly id: string | undefined;
  /** ID_LIKE: words. */
  readonly idLike?: string | undefined;
  readonly versionId?: string | undefined;
  /** SYSEXT_LEVEL or CONFEXT_LEVEL, whichever belongs to the class of the extension. */
  readonly level?: string | undefined;
  /** systemd's name of the machine's architecture, such as `x86-64`; undefined to leave it out of the comparison. */
  readonly architecture?: string | undefined;
}

/** Where an extension is to be used. */
export type ExtensionScope = 'system' | 'initrd' | 'portable';

/** What an extension is matched with. */
export interface MatchRequest {
  readonly kind: ExtensionKind;
  /** The extension's own release file; undefined if it has none. */
  readonly release: Release | undefined;
  readonly host: HostRelease;
  readonly scope: ExtensionScope;
  /** Version of systemd on the host, for rules that changed; 257.13 if not given. */
  readonly systemdVersion?: string | undefined;
}

/** Why an extension matches a host, or does not. */
export type MatchCode =
  /** It is for any operating system. */
  | 'match-any'
  /** The host has no version (rolling release). */
  | 'match-rolling'
  | 'match-level'
  | 'match-version'
  /** The host has a level only, and the extension none: nothing is compared. */
  | 'match-unversioned'
  | 'no-release'
  | 'wrong-scope'
  | 'wrong-architecture'
  | 'no-id'
  | 'wrong-os'
  | 'wrong-level'
  | 'no-version'
  | 'wrong-version'
  /** systemd cannot match anything with a host that has no ID. */
  | 'host-without-id';

/** Whether an extension matches a host. */
export interface ReleaseMatch {
  readonly matches: boolean;
  readonly code: MatchCode;
  /** One sentence without the final full stop. */
  readonly reason: string;
}

/** The version from which on the words of ID_LIKE count, which is also in 258 and later. */
const ID_LIKE_SINCE = '257.8';
const DEFAULT_SYSTEMD_VERSION = '257.13';
const DEFAULT_SCOPES = ['system', 'portable'];

/**
 * Whether systemd would merge an extension on a host, by its release file (`extension_release_validate`,
 * src/shared/extension-util.c in systemd 257).
 */
export function matchRelease({ kind, release, host, scope, systemdVersion }: MatchRequest): ReleaseMatch {
  if (!host.id) return no('host-without-id', "the host's os-release has no ID");
  if (release === undefined || release.size === 0) {
    return no('no-release', 'the extension has no release file, or an empty one');
  }
  const scopes = release.get(kind.scopeField);
  const words = scopes === undefined ? DEFAULT_SCOPES : splitWords(scopes);
  if (!words.includes(scope)) {
    const meant = words.length === 0 ? 'no scope' : show(words.join(' '));
    return no('wrong-scope', `the extension is for ${meant} (${kind.scopeField}), not for ${show(scope)}`);
  }
  const architecture = release.get('ARCHITECTURE') ?? '';
  if (
    host.architecture !== undefined &&
    architecture !== '' &&
    architecture !== '_any' &&
    architecture !== host.architecture
  ) {
    return no(
      'wrong-architecture',
      `the extension is for ${show(architecture)} machines (ARCHITECTURE), the host is ${show(host.architecture)}`,
    );
  }
  const id = release.get('ID') ?? '';
  if (id === '') return no('no-id', "the extension's release file has no ID");
  if (id === '_any') return yes('match-any', 'the extension is for any operating system (ID=_any)');

  const idLike = hasIdLike(systemdVersion) ? splitWords(host.idLike ?? '') : [];
  if (id !== host.id && !idLike.includes(id)) {
    const like = idLike.length === 0 ? '' : `, which is like ${show(idLike.join(' '))}`;
    return no('wrong-os', `the extension is for ${show(id)} (ID), the host is ${show(host.id)}${like}`);
  }
  return matchVersion(kind, release, host);
}

function matchVersion(kind: ExtensionKind, release: Release, host: HostRelease): ReleaseMatch {
  const { versionId = '', level = '' } = host;
  if (versionId === '' && level === '') {
    return yes('match-rolling', 'ID matches, and the host has no version to compare');
  }
  const ownLevel = release.get(kind.levelField) ?? '';
  if (level !== '' && ownLevel !== '') {
    return level === ownLevel
      ? yes('match-level', `ID and ${kind.levelField} match`)
      : no(
          'wrong-level',
          `the extension is for level ${show(ownLevel)} (${kind.levelField}), the host has ${show(level)}`,
        );
  }
  if (versionId === '') {
    return yes('match-unversioned', `ID matches, and the extension has no ${kind.levelField} to compare`);
  }
  const own = release.get('VERSION_ID') ?? '';
  if (own === '') {
    return no('no-version', `the extension has no VERSION_ID, the host has ${show(versionId)}`);
  }
  return own === versionId
    ? yes('match-version', 'ID and VERSION_ID match')
    : no(
        'wrong-version',
        `the extension is for version ${show(own)} (VERSION_ID), the host has ${show(versionId)}`,
      );
}

/** A host's os-release, as {@link matchRelease} takes it. */
export function hostRelease(
  osRelease: Release,
  kind: ExtensionKind,
  architecture: string | undefined,
): HostRelease {
  return {
    id: osRelease.get('ID'),
    idLike: osRelease.get('ID_LIKE'),
    versionId: osRelease.get('VERSION_ID'),
    level: osRelease.get(kind.levelField),
    architecture,
  };
}

function hasIdLike(systemdVersion = DEFAULT_SYSTEMD_VERSION): boolean {
  return compareVersions(systemdVersion, ID_LIKE_SINCE) >= 0;
}

function splitWords(text: string): string[] {
  return text.split(/[ \t\n\r]+/).filter((word) => word !== '');
}

/** A value from a file that anybody may have written, as text for a sentence. */
function show(value: string): string {
  return `'${escapeControls(value)}'`;
}

function yes(code: MatchCode, reason: string): ReleaseMatch {
  return { matches: true, code, reason };
}

function no(code: MatchCode, reason: string): ReleaseMatch {
  return { matches: false, code, reason };
}
