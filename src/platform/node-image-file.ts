import type { FileHandle } from 'node:fs/promises';
import { beginsWithPage, PAGE_SIZE } from '../base/page-memory.ts';
import type { ImageFile } from '../image/image-file.ts';

/**
 * An {@link ImageFile} on an open file, which stays the caller's to close.
 *
 * Whole pages go to the disk directly where that is possible: an image is to be durable when it is complete, so that to copy its
 * content to the page cache before would be work for nothing.
 */
export class NodeImageFile implements ImageFile {
  readonly #handle: FileHandle;
  #direct: FileHandle | undefined;

  /** @param direct The same file opened with O_DIRECT, where its file system has that. */
  constructor(handle: FileHandle, direct?: FileHandle) {
    this.#handle = handle;
    this.#direct = direct;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const rest = bytes.subarray(written);
      // The system may take less than it was given, for instance on a disk that is getting full.
      written +=
        (await this.#writePages(rest, position + written)) ??
        (await this.#handle.write(rest, 0, rest.length, position + written)).bytesWritten;
    }
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
  }

  /** Writes whole pages directly and returns how many bytes; undefined where that is not possible. */
  async #writePages(bytes: Uint8Array, position: number): Promise<number | undefined> {
    const direct = this.#direct;
    const isWhole = bytes.length % PAGE_SIZE === 0 && position % PAGE_SIZE === 0;
    if (direct === undefined || !isWhole || !beginsWithPage(bytes)) return undefined;
    try {
      return (await direct.write(bytes, 0, bytes.length, position)).bytesWritten;
    } catch (error) {
      // The file system, or the disk, wants more than pages, or cannot do it at all.
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
      this.#direct = undefined;
      return undefined;
    }
  }
}
