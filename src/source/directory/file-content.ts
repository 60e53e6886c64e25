import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { displayName } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import { fileError } from '../file-error.ts';
import type { ReadOptions } from '../source.ts';
import type { TreePath } from './tree-path.ts';

/** Bytes of the buffer that content is read into. */
export const PIECE_SIZE = 1024 * 1024;
/** Files up to this size are read on the calling thread: handing them to another takes longer than reading them. */
const SMALL_MAX = 256 * 1024;
/** A FIFO put in the place of the file must not make us wait, nor a link lead us elsewhere. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** What opening says of a file that was there a moment ago: gone, a link now, or a socket. */
const EXCHANGED: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);

/** How the files of one tree are read. */
export interface FileReadOptions extends ReadOptions {
  /** Of {@link PIECE_SIZE} bytes; pieces of all files lie in it, one after the other. */
  readonly buffer: Buffer;
}

/**
 * The content of a regular file that `stats` was taken of, in pieces of the buffer.
 *
 * Throws a SourceError `malformed` if the file is another one by now, or changes while it is read: its hash would
 * not be that of any state it ever had. Throws `unreadable` where this user may not read it.
 */
export function fileContent(
  path: TreePath,
  stats: BigIntStats,
  options: FileReadOptions,
): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (stats.size === 0n) return [];
  return stats.size <= SMALL_MAX ? smallContent(path, stats, options) : largeContent(path, stats, options);
}

function* smallContent(
  path: TreePath,
  stats: BigIntStats,
  { buffer, onBytes }: FileReadOptions,
): Generator<Uint8Array> {
  const size = Number(stats.size);
  try {
    const file = openSync(path.full, FLAGS);
    try {
      checkUnchanged(path, stats, fstatSync(file, { bigint: true }));
      for (let done = 0; done < size; ) {
        const count = readSync(file, buffer, done, size - done, done);
        if (count === 0) throw changed(path);
        done += count;
      }
      checkUnchanged(path, stats, fstatSync(file, { bigint: true }));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw readError(error, path);
  }
  onBytes?.(size);
  yield buffer.subarray(0, size);
}

async function* largeContent(
  path: TreePath,
  stats: BigIntStats,
  { buffer, onBytes, signal }: FileReadOptions,
): AsyncGenerator<Uint8Array> {
  const size = Number(stats.size);
  let file: FileHandle | undefined;
  try {
    file = await open(path.full, FLAGS);
    checkUnchanged(path, stats, await file.stat({ bigint: true }));
    for (let done = 0; done < size; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - done), done);
      if (bytesRead === 0) throw changed(path);
      done += bytesRead;
      onBytes?.(bytesRead);
      yield buffer.subarray(0, bytesRead);
    }
    checkUnchanged(path, stats, await file.stat({ bigint: true }));
  } catch (error) {
    throw readError(error, path);
  } finally {
    await file?.close();
  }
}

function checkUnchanged(path: TreePath, before: BigIntStats, now: BigIntStats): void {
  const isSame = now.dev === before.dev && now.ino === before.ino;
  if (!isSame || now.size !== before.size || now.mtimeNs !== before.mtimeNs) throw changed(path);
}

function readError(error: unknown, path: TreePath): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return EXCHANGED.has(code) ? changed(path, error) : fileError(error, displayName(path.path));
}

/** The error for something that is not what it was when the tree was looked at. */
function changed(path: TreePath, cause?: unknown): SourceError {
  return new SourceError('malformed', `${displayName(path.path)}: the file changed while it was read`, {
    cause,
    hint: 'wait until nothing writes to the tree, or build from a copy',
  });
}
