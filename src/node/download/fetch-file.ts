import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ByteString, bytesOf } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import { errorCode, systemError } from '../host/system-error.ts';
import type { Arrival } from './fetch-http.ts';
import type { FetchRequest } from './fetched-image.ts';
import type { PartialFile } from './partial-file.ts';

/** Bytes read at once. */
const PIECE_SIZE = 1024 * 1024;

/**
 * Copies a file of this machine, as this process sees it, into a partial file.
 *
 * @throws NodeError: 'not-found', 'io', 'download-failed' where it is no regular file or changed meanwhile, 'exists' where it
 * is the image of that name in the store itself; and the reason of the signal.
 */
export async function fetchFile(
  path: ByteString,
  partial: PartialFile,
  { directory, onProgress, signal }: FetchRequest,
  fileName: ByteString,
): Promise<Arrival> {
  const shown = displayName(path);
  await using handle = await openSource(path);
  const before = await handle.stat();
  if (!before.isFile()) {
    throw new NodeError('download-failed', `${shown}: it is no regular file`, {
      hint: 'give the path of an image',
    });
  }
  const present = directory.status(fileName);
  if (present?.inode === before.ino && present.device === before.dev) {
    throw new NodeError('exists', `${shown}: it is already in the store, by this very name`);
  }
  await partial.cut(0);
  await partial.expect(undefined, before.size);
  const piece = Buffer.allocUnsafeSlow(PIECE_SIZE);
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await reading(handle, piece, partial.size, path);
    if (bytesRead === 0) break;
    await partial.append(piece.subarray(0, bytesRead));
    onProgress?.(partial.size, before.size);
  }
  const after = await handle.stat();
  if (partial.size !== before.size || after.mtimeMs !== before.mtimeMs || after.size !== before.size) {
    throw new NodeError('download-failed', `${shown}: it was changed while it was copied`, {
      hint: 'wait until whoever writes it is done',
    });
  }
  return { source: `file://${shown}`, resumed: 0 };
}

async function openSource(path: ByteString): Promise<FileHandle> {
  try {
    // A pipe would let this wait for whoever writes into it.
    return await open(Buffer.from(bytesOf(path)), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR')
      throw systemError('read', path, error);
    throw new NodeError('not-found', `${displayName(path)}: there is no such file`, { cause: error });
  }
}

async function reading(
  handle: FileHandle,
  piece: Buffer,
  position: number,
  path: ByteString,
): Promise<{ bytesRead: number }> {
  try {
    return await handle.read(piece, 0, piece.length, position);
  } catch (error) {
    throw systemError('read', path, error);
  }
}
