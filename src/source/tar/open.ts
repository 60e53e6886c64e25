import { stat } from 'node:fs/promises';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import { RandomAccessFile } from '../file-bytes.ts';
import { fileError } from '../file-error.ts';
import type { ReadOptions, Source } from '../source.ts';
import { tarLayer } from '../tar-layer.ts';

/**
 * Opens a tar file, plain or packed with gzip or zstd, as a source of one layer. A pipe, and `-` for standard input,
 * can be read once only.
 */
export async function openTarFile(path: string): Promise<Source> {
  if (path === '-') return oneLayer('standard input', undefined, once('standard input', process.stdin));
  const description = `archive ${escapeControls(path)}`;
  try {
    const stats = await stat(path);
    if (stats.isFIFO()) {
      const { createReadStream } = await import('node:fs');
      return oneLayer(description, undefined, once(description, createReadStream(path)));
    }
  } catch (error) {
    throw fileError(error, path);
  }
  const file = await RandomAccessFile.open(path);
  return oneLayer(
    description,
    file.size,
    (options) => file.pieces(0, file.size, options),
    () => file.close(),
  );
}

function oneLayer(
  description: string,
  size: number | undefined,
  open: (options: ReadOptions) => AsyncIterable<Uint8Array>,
  close: () => Promise<void> = async () => undefined,
): Source {
  return {
    description,
    architecture: undefined,
    warnings: [],
    layers: [tarLayer({ description, size, open })],
    close,
  };
}

/** A stream that comes once. Some archives must be read twice, for hard links to files that are not taken. */
function once(
  description: string,
  stream: AsyncIterable<Uint8Array> & { destroy(): unknown },
): (options: ReadOptions) => AsyncIterable<Uint8Array> {
  let used = false;
  return async function* pieces({ signal, onBytes }) {
    if (used) {
      throw new SourceError(
        'unsupported',
        `${description} has hard links to files that are not taken, so it must be read twice, which a pipe cannot be`,
        { hint: 'write the archive to a file first' },
      );
    }
    used = true;
    const stop = (): void => void stream.destroy();
    signal?.addEventListener('abort', stop);
    // One that came before is told to nobody any more.
    if (signal?.aborted === true) stop();
    try {
      for await (const piece of stream) {
        onBytes?.(piece.length);
        yield piece;
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      stream.destroy();
    }
    signal?.throwIfAborted();
  };
}
