import { type FileHandle, open } from 'node:fs/promises';
import { SourceError } from './error.ts';
import { fileError } from './file-error.ts';
import type { ReadOptions } from './source.ts';

/** Bytes read at once. */
const PIECE_SIZE = 512 * 1024;

/** A file opened for reading at any place. */
export class RandomAccessFile {
  readonly path: string;
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /** Opens a regular file; throws a SourceError that names it. */
  static async open(path: string): Promise<RandomAccessFile> {
    try {
      const handle = await open(path, 'r');
      const stats = await handle.stat();
      if (stats.isFile()) return new RandomAccessFile(path, stats.size, handle);
      await handle.close();
    } catch (error) {
      throw fileError(error, path);
    }
    throw new SourceError('malformed', `${path}: it is no regular file`);
  }

  /** The bytes from `offset` on, `length` of them or as many as the file has. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    try {
      while (filled < length) {
        const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (error) {
      throw fileError(error, this.path);
    }
    return bytes.subarray(0, filled);
  }

  /** The bytes from `offset` on in fresh pieces, `length` of them or as many as the file has. */
  async *pieces(
    offset: number,
    length: number,
    { signal, onBytes }: ReadOptions,
  ): AsyncGenerator<Uint8Array> {
    for (let done = 0; done < length; ) {
      signal?.throwIfAborted();
      const piece = await this.read(offset + done, Math.min(PIECE_SIZE, length - done));
      if (piece.length === 0) return;
      done += piece.length;
      onBytes?.(piece.length);
      yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
