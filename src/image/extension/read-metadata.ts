import { type ByteString, byteString } from '../../base/byte-string.ts';
import { decodeUtf8 } from '../../base/display.ts';
import type { FileSystem } from '../file-system.ts';
import { allReleases, findRelease, type ReleaseFile } from './find-release.ts';
import { dissectedNameOf } from './image-name.ts';
import { type ImageReleases, INIT_PATHS } from './image-uses.ts';
import { CONFEXT, type ExtensionKind, SYSEXT } from './kind.ts';
import { parseRelease, RELEASE_FILE_MAX, type Release } from './release.ts';
import { resolvePath } from './resolve-path.ts';

/** What the files of an image say of it, as `systemd-dissect` reads them. */
export interface ImageMetadata {
  readonly releases: ImageReleases;
  /** The extension's release file; of the class that the image is, sysext if it is both. */
  readonly extension: FoundExtension | undefined;
  readonly hostname: string | undefined;
  readonly machineId: string | undefined;
  readonly machineInfo: Release | undefined;
  /** Whether an init is in it. */
  readonly hasInit: boolean;
}

/** An extension by its release file. */
export interface FoundExtension {
  readonly kind: ExtensionKind;
  readonly file: ReleaseFile;
  /** Whether the file is not for the name of the image, so that systemd would refuse the image under that name. */
  readonly isRenamed: boolean;
}

/**
 * Reads what the files of an image say of it. Release files are found in images that were renamed, too. Throws the
 * ImageErrors of the file system.
 *
 * @param fileName The name of the image's file.
 */
export async function readMetadata(fileSystem: FileSystem, fileName: ByteString): Promise<ImageMetadata> {
  const sysext = await findExtension(fileSystem, SYSEXT, fileName);
  const confext = await findExtension(fileSystem, CONFEXT, fileName);
  const release = async (paths: readonly string[]): Promise<Release | undefined> => {
    const text = await firstFile(fileSystem, paths);
    return text === undefined ? undefined : parseRelease(text);
  };
  const line = async (path: string): Promise<string | undefined> => {
    const text = await firstFile(fileSystem, [path]);
    return text === undefined ? undefined : decodeUtf8(text)?.trim();
  };
  return {
    releases: {
      os: await release(['etc/os-release', 'usr/lib/os-release']),
      initrd: await release(['etc/initrd-release', 'usr/lib/initrd-release']),
      sysext: sysext?.file.release,
      confext: confext?.file.release,
    },
    extension: sysext ?? confext,
    hostname: await line('etc/hostname'),
    machineId: await line('etc/machine-id'),
    machineInfo: await release(['etc/machine-info']),
    hasInit: await hasInit(fileSystem),
  };
}

async function findExtension(
  fileSystem: FileSystem,
  kind: ExtensionKind,
  fileName: ByteString,
): Promise<FoundExtension | undefined> {
  const name = dissectedNameOf(fileName);
  const search = name === undefined ? undefined : await findRelease(fileSystem, kind, name);
  if (search?.outcome === 'found') return { kind, file: search.file, isRenamed: false };
  const [file] = await allReleases(fileSystem, kind);
  return file === undefined ? undefined : { kind, file, isRenamed: true };
}

/** The content of the first of these that is a file; undefined where there is none, or it is too large to be read. */
async function firstFile(fileSystem: FileSystem, paths: readonly string[]): Promise<ByteString | undefined> {
  for (const path of paths) {
    const found = await resolvePath(fileSystem, path);
    if (found?.inode.type !== 'file' || found.inode.size > RELEASE_FILE_MAX) continue;
    return byteString(await fileSystem.readFile(found.inode, RELEASE_FILE_MAX));
  }
  return undefined;
}

async function hasInit(fileSystem: FileSystem): Promise<boolean> {
  for (const path of INIT_PATHS) {
    if ((await resolvePath(fileSystem, path)) !== undefined) return true;
  }
  return false;
}
