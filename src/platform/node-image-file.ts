import type { FileHandle } from 'node:fs/promises';
import type { ImageFile } from '../image/image-file.ts';

/** An {@link ImageFile} on an open file, which stays the caller's to close. */
export class NodeImageFile implements ImageFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      // The system may take less than it was given, for instance on a disk that is getting full.
      const { bytesWritten } = await this.#handle.write(
        bytes,
        written,
        bytes.length - written,
        position + written,
      );
      written += bytesWritten;
    }
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
  }
}
