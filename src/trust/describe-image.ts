import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import { hexText } from '../base/hex.ts';
import type { ByteSource } from '../image/byte-source.ts';
import { describeMounts } from '../image/dissect/mounts.ts';
import { type Dissection, dissectImage } from '../image/dissection.ts';
import { ImageError } from '../image/error.ts';
import { imageUses } from '../image/extension/image-uses.ts';
import { type ImageMetadata, readMetadata } from '../image/extension/read-metadata.ts';
import type { Release } from '../image/extension/release.ts';
import { compareVersions } from '../image/extension/version-compare.ts';
import type { FileSystem } from '../image/file-system.ts';
import { summariseFileSystem } from '../image/file-system-summary.ts';
import { uuidText } from '../image/guid.ts';
import type { ImageFinding, ImageLayer } from '../image/image-finding.ts';
import { openFileSystem } from '../image/open-file-system.ts';
import { decompressors } from '../platform/decompressors.ts';
import { verityHasher } from '../platform/verity-hashers.ts';
import { TrustError } from './error.ts';
import type { ImageDescription, MountDescription } from './image-description.ts';
import { describeSigners } from './verify-signature.ts';

/** An image that was taken apart for people to look at. */
export interface DescribedImage {
  readonly description: ImageDescription;
  /** What is in it, to be listed; undefined where it cannot be read. */
  readonly fileSystem: FileSystem | undefined;
}

/**
 * Describes an image without verifying it. What cannot be read is left out, and a finding says why.
 *
 * @param name The name of its file.
 * @throws ImageError ('malformed') where it is no image at all.
 */
export async function describeImage(source: ByteSource, name: ByteString): Promise<DescribedImage> {
  const dissection = await dissectImage(source, { hasherFor: verityHasher, compareVersions });
  const findings: ImageFinding[] = [...dissection.findings];
  const attempt = async <T>(
    layer: ImageLayer,
    code: string,
    part: () => Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await part();
    } catch (error) {
      if (!(error instanceof ImageError || error instanceof TrustError)) throw error;
      findings.push({ code, layer, level: 'error', message: error.message, subjects: [] });
      return undefined;
    }
  };
  const { data, dataPartition } = dissection;
  const fileSystem = await attempt('file-system', 'file-system-unreadable', async () =>
    data === undefined ? undefined : openFileSystem(data, dataPartition?.fileSystemType, decompressors),
  );
  const metadata =
    fileSystem && (await attempt('content', 'metadata-unreadable', () => readMetadata(fileSystem, name)));
  const summary =
    fileSystem &&
    (await attempt('file-system', 'file-system-damaged', () => summariseFileSystem(fileSystem)));
  const signature = await attempt('signature', 'signature-unreadable', () => signatureOf(dissection));
  const { sysext, confext, os, initrd } = metadata?.releases ?? {};
  return {
    fileSystem,
    description: {
      name: displayName(name),
      size: dissection.size,
      sectorSize: dissection.sectorSize,
      ...optional('architecture', architectureOf(dissection)),
      ...optional('imageUuid', dissection.imageUuid),
      ...optional('hostname', metadata?.hostname),
      ...optional('machineId', metadata?.machineId),
      ...optional('machineInfo', pairs(metadata?.machineInfo)),
      ...optional('osRelease', pairs(os)),
      ...optional('initrdRelease', pairs(initrd)),
      ...optional('sysextRelease', pairs(sysext)),
      ...optional('confextRelease', pairs(confext)),
      ...imageUses(metadata?.releases ?? {}, metadata?.hasInit ?? false, dissection.chosen.has('esp')),
      mounts: describeMounts(dissection).map(
        ({ designator, partition, writable, verity, growFileSystem }): MountDescription => ({
          rw: writable ? 'rw' : 'ro',
          designator,
          partition_uuid: partition.guid ?? null,
          partition_label: partition.number === undefined ? null : partition.label,
          fstype: partition.fileSystemType ?? null,
          architecture: partition.architecture ?? null,
          verity: verity ?? null,
          growfs: growFileSystem,
          node: null,
          partno: partition.number ?? null,
          offset: partition.offset,
          size: partition.size,
        }),
      ),
      ...optional('extension', extensionOf(metadata)),
      ...optional('verity', verityOf(dissection)),
      ...optional('signature', signature),
      ...optional(
        'fileSystem',
        summary && {
          ...summary,
          largest: summary.largest.map(({ path, size }) => ({ path: `/${displayName(path)}`, size })),
        },
      ),
      findings,
    },
  };
}

/** A field of an object, unless there is no value for it. */
function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value });
}

function pairs(release: Release | undefined): string[] | undefined {
  return release && [...release].map(([key, value]) => `${key}=${value}`);
}

/** The architecture of the file system's partition, which systemd-dissect shows as the image's. */
function architectureOf({ dataPartition }: Dissection): string | undefined {
  return dataPartition?.architecture;
}

function extensionOf(metadata: ImageMetadata | undefined): ImageDescription['extension'] {
  const { kind, file, isRenamed } = metadata?.extension ?? {};
  if (kind === undefined || file === undefined) return undefined;
  return {
    class: kind.name,
    name: displayName(file.name),
    releaseFile: `/${displayName(file.path)}`,
    isRenamed: isRenamed === true,
  };
}

function verityOf({ superblock, rootHash }: Dissection): ImageDescription['verity'] {
  if (superblock === undefined) return undefined;
  const { algorithm, dataBlocks, dataBlockSize, hashBlockSize, salt, uuid } = superblock;
  return {
    rootHash,
    algorithm,
    dataBlocks,
    dataBlockSize,
    hashBlockSize,
    salt: hexText(salt),
    uuid: uuidText(uuid),
  };
}

async function signatureOf({ signature }: Dissection): Promise<ImageDescription['signature']> {
  if (signature === undefined) return undefined;
  const { rootHash, certificateFingerprint, signature: der } = signature;
  return { rootHash, certificateFingerprint, signers: await describeSigners(der) };
}
