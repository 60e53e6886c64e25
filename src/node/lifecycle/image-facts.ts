import type { ByteString } from '../../base/byte-string.ts';
import { decodeUtf8 } from '../../base/display.ts';
import { dissectImage } from '../../image/dissection.ts';
import { ImageError } from '../../image/error.ts';
import { allReleases, findRelease } from '../../image/extension/find-release.ts';
import { extensionNameOf } from '../../image/extension/image-name.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { Release } from '../../image/extension/release.ts';
import { compareVersions } from '../../image/extension/version-compare.ts';
import type { FileSystem } from '../../image/file-system.ts';
import { openFileSystem } from '../../image/open-file-system.ts';
import { decompressors } from '../../platform/decompressors.ts';
import { verityHasher } from '../../platform/verity-hashers.ts';
import { claimedSigner } from '../../trust/claimed-signer.ts';
import type { HostReader } from '../host/host.ts';

/** What an image says of itself, read from a few of its blocks. Nothing of it is verified. */
export interface ImageFacts {
  /** The extension's version, if the release file or the file name tells one. */
  readonly version: string | undefined;
  /** Who claims to have signed it: a certificate's name. */
  readonly signedBy: string | undefined;
  /** Lower-case hexadecimal; undefined for an image without hash tree. */
  readonly rootHash: string | undefined;
  /** Why it cannot be read as an image; undefined if it can. */
  readonly problem: string | undefined;
}

/** Reads what an image says of itself. An image that cannot be read is a fact, too. */
export async function readImageFacts(
  reader: HostReader,
  fileName: ByteString,
  kind: ExtensionKind,
): Promise<ImageFacts> {
  let facts: ImageFacts = {
    version: versionInName(fileName, kind),
    signedBy: undefined,
    rootHash: undefined,
    problem: undefined,
  };
  try {
    const { data, dataPartition, rootHash, signature } = await dissectImage(reader.head, {
      hasherFor: verityHasher,
      compareVersions,
    });
    const signedBy = signature && claimedSigner(signature.signature, signature.certificateFingerprint);
    facts = { ...facts, rootHash, signedBy };
    if (data === undefined) return { ...facts, problem: 'there is no file system in it' };
    const fileSystem = await openFileSystem(data, dataPartition?.fileSystemType, decompressors);
    const release = await releaseOf(fileSystem, fileName, kind);
    const version =
      release?.get(`${kind.name.toUpperCase()}_VERSION_ID`) ?? release?.get('IMAGE_VERSION') ?? facts.version;
    return { ...facts, version };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { ...facts, problem: error.message };
  }
}

async function releaseOf(
  fileSystem: FileSystem,
  fileName: ByteString,
  kind: ExtensionKind,
): Promise<Release | undefined> {
  const name = extensionNameOf(fileName, kind);
  const search = name === undefined ? undefined : await findRelease(fileSystem, kind, name);
  if (search?.outcome === 'found') return search.file.release;
  const [only, ...others] = await allReleases(fileSystem, kind);
  return others.length === 0 ? only?.release : undefined;
}

/** The version in names as they are usual: `k3s_1.32.1.raw`, `k3s-v1.32.1.raw`, `k3sv1.32.1.k3s0.sysext.raw`. */
function versionInName(fileName: ByteString, kind: ExtensionKind): string | undefined {
  const name = extensionNameOf(fileName, kind) ?? '';
  const version = /(?:[_-]v?|v)(\d+(?:[.+~^-][0-9A-Za-z.+~^-]*)?)$/.exec(name)?.[1];
  return version === undefined ? undefined : decodeUtf8(version);
}
