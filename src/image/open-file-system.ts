import type { ByteSource } from './byte-source.ts';
import type { Decompressors } from './decompressors.ts';
import { ErofsReader } from './erofs/reader.ts';
import { ImageError } from './error.ts';
import type { FileSystem } from './file-system.ts';
import { SquashfsReader } from './squashfs/reader.ts';

/**
 * Opens the file system in a partition or a bare image.
 *
 * @param type As a probe named it.
 * @throws ImageError ('malformed' or 'out-of-range' as the format's reader does, 'out-of-range' for a type that cannot be read here).
 */
export async function openFileSystem(
  source: ByteSource,
  type: string | undefined,
  decompressors: Decompressors,
): Promise<FileSystem> {
  switch (type) {
    case 'erofs':
      return ErofsReader.open(source, decompressors);
    case 'squashfs':
      return SquashfsReader.open(source, decompressors);
    default:
      throw new ImageError(
        'out-of-range',
        type === undefined
          ? 'file system: its type is not known'
          : `file system: ${type} cannot be read here`,
        {
          hint: 'erofs and squashfs are read; look at others with systemd-dissect',
        },
      );
  }
}
