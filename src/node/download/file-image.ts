import { constants, fstatSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ByteString, bytesOf } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import { errorCode } from '../host/system-error.ts';
import type { OnProgress } from './http-image.ts';
import type { PartialFile } from './partial-file.ts';

const PIECE = 1024 * 1024;

/** A file on this machine that an image is copied from. */
export class LocalFile implements AsyncDisposable {
  readonly size: number;
  /** Together the identity of the file. */
  readonly device: number;
  readonly inode: number;
  readonly #handle: FileHandle;
  readonly #shown: string;
  readonly #modified: number;

  private constructor(handle: FileHandle, path: ByteString) {
    const { size, dev, ino, mtimeMs } = fstatSync(handle.fd);
    this.#handle = handle;
    this.#shown = displayName(path);
    this.#modified = mtimeMs;
    this.size = size;
    this.device = dev;
    this.inode = ino;
  }

  /** Opens a file. Throws a NodeError ('not-found', 'download-failed'). */
  static async open(path: ByteString): Promise<LocalFile> {
    let handle: FileHandle;
    try {
      // A pipe that nobody writes to must not hold the command.
      handle = await open(Buffer.from(bytesOf(path)), constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      throw openError(path, error);
    }
    if ((await handle.stat()).isFile()) return new LocalFile(handle, path);
    await handle.close();
    throw new NodeError('download-failed', `${displayName(path)}: it is no regular file`);
  }

  /** Copies the file. Throws a NodeError ('no-space', 'download-failed', 'io'), and the reason of the abort. */
  async copy(
    partial: PartialFile,
    onProgress: OnProgress | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await partial.begin(undefined, this.size);
    const piece = Buffer.allocUnsafeSlow(PIECE);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await this.#handle.read(piece, 0, PIECE);
      if (bytesRead === 0) break;
      await partial.write(piece.subarray(0, bytesRead));
      onProgress?.(partial.size, this.size);
    }
    await partial.flush();
    const { size, mtimeMs } = await this.#handle.stat();
    if (partial.size === this.size && size === this.size && mtimeMs === this.#modified) return;
    throw new NodeError('download-failed', `${this.#shown}: it was changed while it was copied`, {
      hint: 'wait until whoever writes it is done',
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

function openError(path: ByteString, error: unknown): unknown {
  const shown = displayName(path);
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new NodeError('not-found', `${shown}: there is no such file`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new NodeError('download-failed', `${shown}: permission denied`, {
        cause: error,
        hint: 'run as root',
      });
    case undefined:
      return error;
    default:
      return new NodeError('download-failed', `${shown}: ${(error as Error).message}`, { cause: error });
  }
}
