import { constants, fstatSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { escapeControls } from '../../base/display.ts';
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

  private constructor(handle: FileHandle) {
    const { size, dev, ino } = fstatSync(handle.fd);
    this.#handle = handle;
    this.size = size;
    this.device = dev;
    this.inode = ino;
  }

  /** Opens a file. Throws a NodeError ('not-found', 'download-failed'). */
  static async open(path: string): Promise<LocalFile> {
    let handle: FileHandle;
    try {
      // A pipe that nobody writes to must not hold the command.
      handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      throw openError(path, error);
    }
    if ((await handle.stat()).isFile()) return new LocalFile(handle);
    await handle.close();
    throw new NodeError('download-failed', `${escapeControls(path)}: it is no regular file`);
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
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

function openError(path: string, error: unknown): unknown {
  const shown = escapeControls(path);
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
