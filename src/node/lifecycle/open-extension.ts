import { dissectImage } from '../../image/dissection.ts';
import { ImageError } from '../../image/error.ts';
import { compareVersions } from '../../image/extension/version-compare.ts';
import type { FileSystem } from '../../image/file-system.ts';
import { openFileSystem } from '../../image/open-file-system.ts';
import { decompressors } from '../../platform/decompressors.ts';
import { verityHasher } from '../../platform/verity-hashers.ts';
import type { HostReader } from '../host/host.ts';

/**
 * The file system of an image, read as it is and not verified.
 *
 * @throws ImageError where there is none that can be read.
 */
export async function openExtension(reader: HostReader): Promise<FileSystem> {
  const { data, dataPartition } = await dissectImage(reader.head, {
    hasherFor: verityHasher,
    compareVersions,
  });
  if (data === undefined) throw new ImageError('malformed', 'there is no file system in the image');
  return openFileSystem(data, dataPartition?.fileSystemType, decompressors);
}
