import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { escapeControls } from '../../base/display.ts';
import { unpacked } from '../compression.ts';
import { RandomAccessFile } from '../file-bytes.ts';
import { TarIndex } from './tar-index.ts';

/** An archive of images that can be read at any place. */
export interface PlainArchive {
  readonly file: RandomAccessFile;
  readonly index: TarIndex;
  /** Closes it and removes what was unpacked for it. */
  close(): Promise<void>;
}

/** Opens an archive of images, which is unpacked to a temporary file first where it is compressed as a whole. */
export async function openPlainArchive(path: string, signal: AbortSignal | undefined): Promise<PlainArchive> {
  const file = await RandomAccessFile.open(path);
  const magic = await file.read(0, 4);
  if (isPacked(magic)) {
    try {
      const options = signal === undefined ? {} : { signal };
      return await spoolArchive(unpacked(file.pieces(0, file.size, options), escapeControls(path)), signal);
    } finally {
      await file.close();
    }
  }
  return indexed(file, async () => undefined, signal);
}

/** Keeps an archive that comes as a stream in a temporary file until it is closed. */
export async function spoolArchive(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<PlainArchive> {
  const directory = await mkdtemp(join(tmpdir(), 'kairos-sysext-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const path = join(directory, 'archive.tar');
    await pipeline(
      Readable.from(bytes),
      createWriteStream(path, { mode: 0o600 }),
      signal === undefined ? {} : { signal },
    );
    return await indexed(await RandomAccessFile.open(path), remove, signal);
  } catch (error) {
    await remove();
    throw error;
  }
}

async function indexed(
  file: RandomAccessFile,
  remove: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<PlainArchive> {
  const close = async (): Promise<void> => {
    await file.close();
    await remove();
  };
  try {
    return { file, index: await TarIndex.read(file, signal), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function isPacked(magic: Uint8Array): boolean {
  const isGzip = magic[0] === 0x1f && magic[1] === 0x8b;
  const isZstd = magic[0] === 0x28 && magic[1] === 0xb5 && magic[2] === 0x2f && magic[3] === 0xfd;
  return isGzip || isZstd;
}
