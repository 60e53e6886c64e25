import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { FileSystem } from '../file-system.ts';
import type { ImageFinding } from '../image-finding.ts';
import { allReleases, findRelease, type ReleaseFile } from './find-release.ts';
import { extensionNameOf } from './image-name.ts';
import { CONFEXT, type ExtensionKind, SYSEXT } from './kind.ts';
import type { Release } from './release.ts';
import { hostRelease, type MatchCode, matchRelease } from './release-match.ts';

/** What can be wrong with the release file of an extension. */
export type ReleaseCode =
  /** There is none, or none for the name of the image. */
  | 'release-missing'
  | 'release-name'
  /** systemd cannot tell which one counts. */
  | 'release-ambiguous'
  | 'release-malformed'
  /** It is not for this host; the code of `matchRelease` says why. */
  | `release-${MatchCode}`;

/** The host that an extension must fit. */
export interface ReleaseHost {
  /** The fields of its os-release. */
  readonly osRelease: Release;
  /** systemd's name of its architecture; undefined to leave it out. */
  readonly architecture: string | undefined;
  /** Such as `257.8`; a newer one if absent. */
  readonly systemdVersion?: string;
}

/** What the release file of an extension is held against. */
export interface ReleaseRequest {
  /** The name of the image's file, which must be that of the release file; undefined where it says nothing. */
  readonly fileName: ByteString | undefined;
  /** Undefined to take it from the suffix of the file name, else from the release file that is there. */
  readonly kind: ExtensionKind | undefined;
  /** Undefined if any host will do. */
  readonly host: ReleaseHost | undefined;
}

/** What the release file of an extension says. */
export interface CheckedRelease {
  readonly kind: ExtensionKind | undefined;
  /** The extension's name. */
  readonly name: ByteString | undefined;
  readonly file: ReleaseFile | undefined;
  readonly findings: readonly ImageFinding<ReleaseCode>[];
}

const MISSING_HINT = 'build the image with auroraboot sysext or confext, which write the file';

/**
 * Checks that systemd would accept an extension by its release file: that there is one for the name of the image, and,
 * where a host is given, that it is for that. Throws the ImageErrors of reading it.
 */
export async function checkRelease(
  fileSystem: FileSystem,
  { fileName, kind: wanted, host }: ReleaseRequest,
): Promise<CheckedRelease> {
  const kind = wanted ?? kindOfFileName(fileName) ?? (await kindByContent(fileSystem));
  if (kind === undefined) {
    const finding = problem('release-missing', 'there is no extension-release file: systemd refuses it');
    return { kind, name: undefined, file: undefined, findings: [{ ...finding, hint: MISSING_HINT }] };
  }
  const imageName = fileName === undefined ? undefined : extensionNameOf(fileName, kind);
  const { file, findings } =
    imageName === undefined
      ? await onlyRelease(fileSystem, kind)
      : await namedRelease(fileSystem, kind, imageName);
  const name = imageName ?? file?.name;
  if (file === undefined) return { kind, name, file, findings };
  if (file.release === undefined) {
    const message = `/${displayName(file.path)} is not in the form of os-release(5)`;
    return { kind, name, file, findings: [...findings, problem('release-malformed', message)] };
  }
  return { kind, name, file, findings: [...findings, ...matchHost(kind, file.release, host)] };
}

/** The class that the suffix of a file name tells. */
export function kindOfFileName(fileName: ByteString | undefined): ExtensionKind | undefined {
  return [SYSEXT, CONFEXT].find(({ suffix }) => fileName?.endsWith(suffix));
}

/** The class whose release file is there. */
async function kindByContent(fileSystem: FileSystem): Promise<ExtensionKind | undefined> {
  for (const kind of [SYSEXT, CONFEXT]) {
    if ((await allReleases(fileSystem, kind)).length > 0) return kind;
  }
  return undefined;
}

interface FoundRelease {
  readonly file: ReleaseFile | undefined;
  readonly findings: readonly ImageFinding<ReleaseCode>[];
}

async function namedRelease(
  fileSystem: FileSystem,
  kind: ExtensionKind,
  name: ByteString,
): Promise<FoundRelease> {
  const search = await findRelease(fileSystem, kind, name);
  const refuse = (finding: ImageFinding<ReleaseCode>): FoundRelease => ({
    file: undefined,
    findings: [finding],
  });
  switch (search.outcome) {
    case 'found':
      return { file: search.file, findings: [] };
    case 'ambiguous': {
      const names = search.candidates.map(displayName).join(', ');
      const message = `several extension-release files could be meant (${names}): systemd refuses it`;
      return refuse({ ...problem('release-ambiguous', message), hint: 'leave one of them in the image' });
    }
    case 'missing': {
      const [other] = search.others;
      if (other === undefined) {
        const message = `there is no ${kind.releaseDirectory}/extension-release.${displayName(name)}: systemd refuses it`;
        return refuse({ ...problem('release-missing', message), hint: MISSING_HINT });
      }
      return refuse({
        ...problem(
          'release-name',
          `by its file name this is '${displayName(name)}', by its release file '${displayName(other)}': systemd refuses it`,
        ),
        hint: `name the file ${displayName(other)}${kind.suffix}`,
      });
    }
  }
}

/** The release file of an image whose file name says nothing. */
async function onlyRelease(fileSystem: FileSystem, kind: ExtensionKind): Promise<FoundRelease> {
  const files = await allReleases(fileSystem, kind);
  const [file] = files;
  if (file === undefined) {
    const finding = problem('release-missing', 'there is no extension-release file: systemd refuses it');
    return { file, findings: [{ ...finding, hint: MISSING_HINT }] };
  }
  if (files.length === 1) return { file, findings: [] };
  const names = files.map(({ name }) => displayName(name)).join(', ');
  const message = `there are several extension-release files (${names}), and the file name does not say which one counts`;
  return { file, findings: [{ ...problem('release-ambiguous', message), level: 'warning' }] };
}

function matchHost(
  kind: ExtensionKind,
  release: Release,
  host: ReleaseHost | undefined,
): ImageFinding<ReleaseCode>[] {
  if (host === undefined) return [];
  const { matches, code, reason } = matchRelease({
    kind,
    release,
    host: hostRelease(host.osRelease, kind, host.architecture),
    scope: 'system',
    ...(host.systemdVersion !== undefined && { systemdVersion: host.systemdVersion }),
  });
  return matches ? [] : [problem(`release-${code}`, `systemd ignores it on this host: ${reason}`)];
}

function problem(code: ReleaseCode, message: string): ImageFinding<ReleaseCode> {
  return { code, layer: 'extension-release', level: 'error', message, subjects: [] };
}
