import { escapeControls } from '../../base/display.ts';
import { RandomAccessFile } from '../file-bytes.ts';
import { unpacked } from '../unpack/decompress.ts';
import { spooledFile } from './spooled-file.ts';
import { TarIndex } from './tar-index.ts';

/** An archive of images that can be read at any place. */
export interface PlainArchive {
  readonly file: RandomAccessFile;
  readonly index: TarIndex;
  /** Closes it, which also frees what was unpacked for it. */
  close(): Promise<void>;
}

/**
 * Opens an archive of images, which is unpacked to a temporary file first where it is compressed as a whole. Throws a
 * SourceError that names it.
 */
export async function openPlainArchive(path: string, signal: AbortSignal | undefined): Promise<PlainArchive> {
  const description = escapeControls(path);
  const file = await RandomAccessFile.open(path);
  if (!isPacked(await file.read(0, 4))) return indexed(file, description, signal);
  try {
    const options = signal === undefined ? {} : { signal };
    const bytes = unpacked(file.pieces(0, file.size, options), description);
    return await spoolArchive(bytes, signal, description);
  } finally {
    await file.close();
  }
}

/**
 * Keeps an archive that comes as a stream in a temporary file until it is closed.
 *
 * @param description The archive, for messages.
 */
export async function spoolArchive(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
  description = 'the saved image',
): Promise<PlainArchive> {
  return indexed(await spooledFile(bytes, description, signal), description, signal);
}

async function indexed(
  file: RandomAccessFile,
  description: string,
  signal: AbortSignal | undefined,
): Promise<PlainArchive> {
  try {
    const index = await TarIndex.read(file, description, signal);
    return { file, index, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whether a file begins as gzip, zstd or a zstd skippable frame (RFC 1952, RFC 8878), and not as a tar header. */
function isPacked(magic: Uint8Array): boolean {
  const digits = Buffer.from(magic).toString('hex');
  return digits.startsWith('1f8b') || digits === '28b52ffd' || digits === '502a4d18';
}
