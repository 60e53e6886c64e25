import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import { RandomAccessFile } from '../file-bytes.ts';

/** What the system says where a temporary file cannot be made or written. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
  EROFS: 'it is read-only',
  EACCES: 'permission denied',
  ENOENT: 'there is no such directory',
  ENOTDIR: 'it is no directory',
};
const CALLS: ReadonlySet<unknown> = new Set(['mkdtemp', 'open', 'write', 'writev']);

/**
 * The bytes of a stream in a temporary file, for reading at any place. The file has no name any more once it is
 * complete, so that it is gone with the process however that ends.
 *
 * Throws a SourceError `unreadable` where the file cannot be written, and what the stream throws.
 *
 * @param description What the bytes are, for messages.
 */
export async function spooledFile(
  bytes: AsyncIterable<Uint8Array>,
  description: string,
  signal: AbortSignal | undefined,
): Promise<RandomAccessFile> {
  const place = tmpdir();
  let directory: string | undefined;
  try {
    directory = await mkdtemp(join(place, 'kairos-sysext-'));
    const path = join(directory, 'archive.tar');
    await pipeline(
      Readable.from(bytes),
      createWriteStream(path, { mode: 0o600 }),
      signal === undefined ? {} : { signal },
    );
    return await RandomAccessFile.open(path);
  } catch (error) {
    throw spoolError(error, place, description);
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

function spoolError(error: unknown, place: string, description: string): unknown {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  const cause = CAUSES[code];
  if (cause === undefined || !CALLS.has(syscall)) return error;
  const where = escapeControls(place);
  return new SourceError('unreadable', `${description} cannot be kept in ${where} to read it: ${cause}`, {
    cause: error,
    hint: 'name a directory with enough space in the environment variable TMPDIR',
  });
}
