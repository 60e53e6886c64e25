import { escapeControls } from '../base/display.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import type { Release } from '../image/extension/release.ts';
import { BuildError } from './error.ts';

/** What the command line says about the extension-release file; what is undefined was not said. */
export interface ReleaseFields {
  readonly id?: string | undefined;
  readonly versionId?: string | undefined;
  /** SYSEXT_LEVEL or CONFEXT_LEVEL. */
  readonly level?: string | undefined;
  /** Words of SYSEXT_SCOPE or CONFEXT_SCOPE: `system`, `portable`, `initrd`. */
  readonly scope?: string | undefined;
  /** EXTENSION_RELOAD_MANAGER=1: PID 1 reloads its units after the merge. */
  readonly reloadManager?: boolean | undefined;
}

/** The fields for an extension whose layer brings none: ID=_any unless another was given, and ARCHITECTURE. */
export function defaultRelease(kind: ExtensionKind, architecture: string, fields: ReleaseFields): Release {
  return withFields(new Map(), kind, {
    ...fields,
    id: fields.id ?? '_any',
    architecture,
  });
}

/** A release with the given fields set over it. */
export function withFields(
  release: Release,
  kind: ExtensionKind,
  fields: ReleaseFields & { readonly architecture?: string },
): Release {
  const result = new Map(release);
  const put = (key: string, value: string | undefined): void => {
    if (value !== undefined) result.set(key, value);
  };
  put('ID', fields.id);
  put('VERSION_ID', fields.versionId);
  put('ARCHITECTURE', fields.architecture);
  put(kind.levelField, fields.level);
  put(kind.scopeField, fields.scope === undefined ? undefined : scopeWords(fields.scope).join(' '));
  put('EXTENSION_RELOAD_MANAGER', fields.reloadManager === true ? '1' : undefined);
  return result;
}

/**
 * Why systemd would never merge an extension with these fields on a host of this architecture
 * (`extension_release_validate`, src/shared/extension-util.c in systemd 257); undefined if it could.
 */
export function releaseProblem(
  release: Release | undefined,
  kind: ExtensionKind,
  architecture: string,
): string | undefined {
  if (release === undefined) return 'it is not in the form of os-release(5)';
  const id = release.get('ID') ?? '';
  if (id === '') return 'it has no ID';
  if (/[\x00-\x1f\x7f]/.test(id)) return 'its ID holds a control character: a quote may be open';
  const stated = release.get('ARCHITECTURE') ?? '';
  if (stated !== '' && stated !== '_any' && stated !== architecture) {
    return `its ARCHITECTURE is '${escapeControls(stated)}', not '${architecture}'`;
  }
  const scope = release.get(kind.scopeField);
  if (scope !== undefined && scope.trim() === '')
    return `its ${kind.scopeField} is empty, which matches no system`;
  return undefined;
}

/** Checks the fields given on the command line; throws a BuildError `bad-argument`. */
export function checkReleaseFields(fields: ReleaseFields): void {
  const refuse = (flag: string, value: string, rule: string): never => {
    throw new BuildError('bad-argument', `${flag} '${escapeControls(value)}': ${rule}`);
  };
  const { id, versionId, level, scope } = fields;
  if (id !== undefined && id !== '_any' && !/^[a-z0-9._-]+$/.test(id)) {
    refuse(
      '--id',
      id,
      'an os-release ID has lower-case letters, digits, dots, dashes and underscores, or is _any',
    );
  }
  for (const [flag, value] of [
    ['--version-id', versionId],
    ['--sysext-level', level],
  ] as const) {
    if (value !== undefined && !/^[\x20-\x7e]{1,200}$/.test(value)) {
      refuse(flag, value, 'it must be 1 to 200 printable ASCII characters');
    }
  }
  if (scope === undefined) return;
  const words = scopeWords(scope);
  if (words.length === 0 || words.some((word) => !['system', 'portable', 'initrd'].includes(word))) {
    refuse('--scope', scope, 'it is a list of system, portable and initrd');
  }
}

function scopeWords(scope: string): string[] {
  return scope.split(/[\s,]+/).filter((word) => word !== '');
}
