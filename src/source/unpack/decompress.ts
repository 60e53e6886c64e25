import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { releaseBuffer } from '../../platform/release-buffer.ts';
import { packingOf, splitHead } from './packing.ts';
import { damaged, tooLarge, UNPACKED_MAX } from './unpack-errors.ts';
import { cutAtFrames } from './zstd-frames.ts';

/** Bytes that come out of an inflater at once: with Node's default of 16 KiB it takes twice the time. */
const CHUNK_SIZE = 1024 * 1024;
/** Bytes that go into an inflater at once. */
const INPUT_SIZE = 256 * 1024;
/** The inflater goes on while up to so many pieces wait for the consumer, so that both work at the same time. */
const OUTPUTS_AHEAD = 6;
/** Pieces that wait in the inflater, so that it never runs dry. */
const INPUTS_AHEAD = 4;
const OPTIONS = {
  chunkSize: CHUNK_SIZE,
  // Pieces come out as they are, where a stream of bytes would join those that wait to a copy.
  readableObjectMode: true,
  readableHighWaterMark: OUTPUTS_AHEAD,
};

/**
 * Unpacks a stream by what its first bytes say, gzip (also of several members) or zstd (also of several frames);
 * other streams pass as they are. Inflating runs on the thread pool, beside what the consumer does. A piece is good until
 * the next one is asked for, and those of `packed` need be good no longer.
 *
 * @throws SourceError that names `what`: `malformed` for damaged or truncated data, `too-large` for more than
 * `limit` bytes.
 */
export async function* unpacked(
  packed: AsyncIterable<Uint8Array>,
  what: string,
  limit = UNPACKED_MAX,
): AsyncGenerator<Uint8Array> {
  const { head, rest } = await splitHead(packed);
  const packing = packingOf(head);
  if (packing === undefined) {
    yield* bounded(rest, what, limit);
    return;
  }
  const inflater = packing === 'gzip' ? createGunzip(OPTIONS) : createZstdDecompress(OPTIONS);
  const large = gathered(rest);
  const feeding = feed(packing === 'zstd' ? cutAtFrames(large) : large, inflater);
  // Its failure destroys the inflater, and so is thrown by the reading below.
  feeding.catch(() => undefined);
  try {
    const pieces: AsyncIterable<Uint8Array<ArrayBuffer>> = inflater;
    for await (const piece of bounded(pieces, what, limit)) {
      yield piece;
      // The inflater went on to another buffer when this one was full.
      if (piece.byteOffset + piece.length === CHUNK_SIZE) releaseBuffer(piece);
    }
    await feeding;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw damaged(what, packing, error);
  } finally {
    inflater.destroy();
    // Closes the stream.
    await feeding.catch(() => undefined);
  }
}

/**
 * Writes a stream into an inflater. What follows the end of the compressed data is read all the same, since the
 * stream's digest counts it.
 */
async function feed(packed: AsyncIterable<Uint8Array>, inflater: Gunzip | ZstdDecompress): Promise<void> {
  let waiting = 0;
  let wake = (): void => undefined;
  const isDone = (): boolean => inflater.readableEnded || inflater.destroyed;
  const taken = (): void => {
    waiting -= 1;
    wake();
  };
  inflater.once('end', () => wake()).once('close', () => wake());
  try {
    for await (const piece of packed) {
      if (inflater.readableEnded) continue;
      if (inflater.destroyed) return;
      waiting += 1;
      inflater.write(piece, taken);
      while (waiting >= INPUTS_AHEAD && !isDone()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    inflater.end();
  } catch (error) {
    inflater.destroy(error as Error);
    throw error;
  }
}

/**
 * Joins pieces to larger ones: those of a network are small, and each costs the inflater a turn. What it yields stays as it is until
 * {@link INPUTS_AHEAD} more were asked for.
 */
async function* gathered(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const buffers: Uint8Array[] = [];
  let turn = 0;
  let length = 0;
  for await (const piece of bytes) {
    for (let taken = 0; taken < piece.length; ) {
      const buffer = buffers[turn] ?? Buffer.allocUnsafeSlow(INPUT_SIZE);
      buffers[turn] = buffer;
      const part = piece.subarray(taken, taken + INPUT_SIZE - length);
      buffer.set(part, length);
      taken += part.length;
      length += part.length;
      if (length < INPUT_SIZE) break;
      yield buffer;
      turn = (turn + 1) % (INPUTS_AHEAD + 2);
      length = 0;
    }
  }
  if (length > 0) yield buffers[turn]!.subarray(0, length);
}

async function* bounded<Piece extends Uint8Array>(
  bytes: AsyncIterable<Piece>,
  what: string,
  limit: number,
): AsyncGenerator<Piece> {
  let total = 0;
  for await (const piece of bytes) {
    total += piece.length;
    if (total > limit) throw tooLarge(what, limit);
    yield piece;
  }
}

function isZlibError(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(Z_|ZSTD_|ERR_ZLIB|ERR_STREAM_PREMATURE_CLOSE)/.test(code);
}
