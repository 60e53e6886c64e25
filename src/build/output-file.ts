import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { escapeControls } from '../base/display.ts';
import type { ImageFile } from '../image/image-file.ts';
import { NodeImageFile } from '../platform/node-image-file.ts';
import { BuildError } from './error.ts';

/** Bytes after which the disk begins to write what it was given, so that little is left to wait for at the end. */
const SYNC_INTERVAL = 64 * 1024 * 1024;

/**
 * A file being written beside its final name: {@link commit} makes it durable and renames it, in one step that
 * either happened or did not; {@link discard} leaves what was there before.
 */
export class OutputFile implements ImageFile {
  /** The final path, absolute. */
  readonly path: string;
  readonly #directory: string;
  readonly #partial: string;
  readonly #handle: FileHandle;
  /** The same file opened with O_DIRECT, where its file system has that. */
  readonly #direct: FileHandle | undefined;
  readonly #image: NodeImageFile;
  /** First directory made for the output, removed again when nothing is written into it. */
  readonly #made: string | undefined;
  #open = true;
  /** Bytes written since the last {@link #syncing} began. */
  #unsynced = 0;
  #syncing: Promise<void> | undefined;
  /** What a write that was only begun failed with: the system tells it once. */
  #syncFailure: { readonly error: unknown } | undefined;

  private constructor(
    directory: string,
    fileName: string,
    partial: string,
    handle: FileHandle,
    direct: FileHandle | undefined,
    made: string | undefined,
  ) {
    this.#directory = directory;
    this.path = join(directory, fileName);
    this.#partial = partial;
    this.#handle = handle;
    this.#direct = direct;
    this.#image = new NodeImageFile(handle, direct);
    this.#made = made;
  }

  /** Starts a file in a directory, which is made if it is missing. Throws a BuildError `output`. */
  static async create(directoryName: string, fileName: string): Promise<OutputFile> {
    const directory = resolve(directoryName);
    // Not made of the final name, which may leave no room; systemd takes no file that starts with '.#'.
    const partial = join(directory, `.#${randomUUID()}.part`);
    try {
      const made = await mkdir(directory, { recursive: true });
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
      const handle = await open(partial, flags, 0o666);
      const direct = await open(partial, constants.O_WRONLY | constants.O_DIRECT).catch(() => undefined);
      return new OutputFile(directory, fileName, partial, handle, direct, made);
    } catch (error) {
      throw outputError(join(directory, fileName), error);
    }
  }

  /** Where bytes that do not fit in memory may be kept until the file is complete. */
  get scratchPath(): string {
    return `${this.#partial}.scratch`;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      await this.#image.write(bytes, position);
      this.#unsynced += bytes.length;
      if (this.#unsynced >= SYNC_INTERVAL) this.#beginSync();
    } catch (error) {
      throw outputError(this.path, error);
    }
  }

  async truncate(size: number): Promise<void> {
    try {
      await this.#image.truncate(size);
    } catch (error) {
      throw outputError(this.path, error);
    }
  }

  /** Makes the file durable and gives it its name, replacing what had it. */
  async commit(): Promise<void> {
    try {
      await this.#syncing;
      if (this.#syncFailure !== undefined) throw this.#syncFailure.error;
      await this.#handle.sync();
      await this.#close();
      await rename(this.#partial, this.path);
      const directory = await open(this.#directory, constants.O_RDONLY);
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    } catch (error) {
      throw outputError(this.path, error);
    }
  }

  /** Removes what was written. Does nothing after {@link commit}. */
  async discard(): Promise<void> {
    await this.#close();
    await unlink(this.#partial).catch(ignoreMissing);
    await rm(this.scratchPath, { force: true });
    await this.#removeMadeDirectories();
  }

  #beginSync(): void {
    if (this.#syncing !== undefined) return;
    this.#unsynced = 0;
    this.#syncing = this.#handle
      .datasync()
      .catch((error: unknown) => {
        this.#syncFailure ??= { error };
      })
      .then(() => {
        this.#syncing = undefined;
      });
  }

  async #removeMadeDirectories(): Promise<void> {
    if (this.#made === undefined) return;
    for (let path = this.#directory; path.startsWith(this.#made); path = dirname(path)) {
      // Someone else may have put a file there meanwhile: then it stays.
      if (
        !(await rmdir(path).then(
          () => true,
          () => false,
        ))
      )
        return;
    }
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#syncing;
    await this.#direct?.close();
    await this.#handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

const REASONS: Readonly<Record<string, readonly [cause: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'free some space, or choose another directory with --output'],
  EDQUOT: ['the disk quota is used up', 'free some space, or choose another directory with --output'],
  EFBIG: [
    'the file is larger than this file system or user may have',
    'choose another directory with --output',
  ],
  EACCES: ['permission denied', 'choose a directory you may write to with --output'],
  EPERM: ['permission denied', 'choose a directory you may write to with --output'],
  EROFS: ['the file system is read-only', 'choose another directory with --output'],
  ENOTDIR: ['a part of the path is no directory', 'choose another directory with --output'],
  EEXIST: ['a file is in the place of the directory', 'choose another directory with --output'],
  EISDIR: ['there is a directory of that name', 'remove it, or choose another directory with --output'],
};

function outputError(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const [cause, hint] = REASONS[code] ?? [message, undefined];
  return new BuildError('output', `cannot write ${escapeControls(path)}: ${cause}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
