import { constants, open } from 'node:fs/promises';
import { escapeControls } from '../../base/display.ts';
import { ImageError } from '../../image/error.ts';
import { FileByteSource } from '../../platform/file-byte-source.ts';
import { fileError } from '../../source/file-error.ts';

/**
 * Opens an image file or block device for reading, for as long as `use` takes. Throws a SourceError (`not-found`,
 * `unreadable`), or an ImageError for what can be no image, such as a directory.
 */
export async function withImage<T>(path: string, use: (image: FileByteSource) => Promise<T>): Promise<T> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // A pipe that nobody writes to must not hold the command.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw fileError(error, path);
  }
  try {
    return await use(await FileByteSource.of(handle));
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new ImageError(error.code, `${escapeControls(path)}: ${error.message}`, {
      cause: error,
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  } finally {
    await handle.close();
  }
}
