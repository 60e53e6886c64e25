import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SourceError } from '../error.ts';
import { fileError } from '../file-error.ts';

const PIECE_SIZE = 1024 * 1024;
/** A FIFO put in the place of the file must not make us wait, nor a link lead us elsewhere. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The content of a regular file that `stats` was taken of, in pieces.
 *
 * Throws a SourceError `malformed` if the file is another one by now, or changes while it is read: its hash would
 * not be that of any state it ever had.
 */
export async function* fileContent(
  path: Buffer,
  name: string,
  stats: BigIntStats,
  onBytes: ((count: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  const size = Number(stats.size);
  if (size === 0) return;
  let file: FileHandle;
  try {
    file = await open(path, FLAGS);
  } catch (error) {
    throw fileError(error, name);
  }
  try {
    await checkUnchanged(file, name, stats);
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE_SIZE, size));
    for (let done = 0; done < size; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - done), done);
      if (bytesRead === 0) throw changed(name);
      done += bytesRead;
      onBytes?.(bytesRead);
      yield buffer.subarray(0, bytesRead);
    }
    await checkUnchanged(file, name, stats);
  } finally {
    await file.close();
  }
}

async function checkUnchanged(file: FileHandle, name: string, before: BigIntStats): Promise<void> {
  const now = await file.stat({ bigint: true });
  const isSame = now.dev === before.dev && now.ino === before.ino;
  if (!isSame || now.size !== before.size || now.mtimeNs !== before.mtimeNs) throw changed(name);
}

function changed(name: string): SourceError {
  return new SourceError('malformed', `${name}: the file changed while it was read`, {
    hint: 'wait until nothing writes to the tree, or build from a copy',
  });
}
