import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { releaseBuffer } from '../../platform/release-buffer.ts';
import { SourceError } from '../error.ts';
import { cutAtFrames } from './zstd-frames.ts';

/** Bytes that come out of an inflater at once: with Node's default of 16 KiB it takes twice the time. */
const CHUNK_SIZE = 1024 * 1024;
/** Bytes that go into an inflater at once; larger pieces of a stream go as they are. */
export const INPUT_SIZE = 256 * 1024;
/** The inflater goes on while up to so many pieces wait for the consumer, so that both work at the same time. */
const OUTPUTS_AHEAD = 6;
/** Pieces that wait in the inflater, so that it never runs dry. */
const INPUTS_AHEAD = 4;
/** How many pieces, of those that were asked for last, {@link unpacked} may still need as they are. */
export const PIECES_KEPT = INPUTS_AHEAD + 1;
const OPTIONS = {
  chunkSize: CHUNK_SIZE,
  // Pieces come out as they are, where a stream of bytes would join those that wait to a copy.
  readableObjectMode: true,
  readableHighWaterMark: OUTPUTS_AHEAD,
};
/** Most bytes a layer may have unpacked: what exceeds it is a decompression bomb, or needs another way. */
const UNPACKED_MAX = 64 * 2 ** 30;

const MAGIC = [
  { packing: 'gzip', bytes: [0x1f, 0x8b] },
  { packing: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  // A zstd stream may begin with a skippable frame, as zstd:chunked layers and pzstd's files do.
  { packing: 'zstd', bytes: [0x50, 0x2a, 0x4d, 0x18] },
] as const;

/**
 * Unpacks a stream by what its first bytes say, gzip (also of several members) or zstd (also of several frames);
 * other streams pass as they are. Inflating runs on the thread pool, beside what the consumer does. A piece is good until
 * the next one is asked for.
 *
 * @param packed Its pieces stay as they are until {@link PIECES_KEPT} more were asked for.
 * @throws SourceError that names `what`: `malformed` for damaged or truncated data, `too-large` for more than
 * `limit` bytes.
 */
export async function* unpacked(
  packed: AsyncIterable<Uint8Array>,
  what: string,
  limit = UNPACKED_MAX,
): AsyncGenerator<Uint8Array> {
  const { head, rest } = await splitHead(packed, 4);
  const packing = MAGIC.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte))?.packing;
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
    throw new SourceError(
      'malformed',
      `${what}: its ${packing} data are damaged or truncated (${error.message})`,
      {
        cause: error,
        hint: 'the file or layer is incomplete: fetch or make it again',
      },
    );
  } finally {
    inflater.destroy();
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

/** Joins pieces to larger ones: those of a network are small, and each costs the inflater a turn. */
async function* gathered(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of bytes) {
    pieces.push(piece);
    length += piece.length;
    if (length < INPUT_SIZE) continue;
    yield pieces.length === 1 ? piece : Buffer.concat(pieces, length);
    pieces = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(pieces, length);
}

async function* bounded<Piece extends Uint8Array>(
  bytes: AsyncIterable<Piece>,
  what: string,
  limit: number,
): AsyncGenerator<Piece> {
  let total = 0;
  for await (const piece of bytes) {
    total += piece.length;
    if (total > limit) {
      throw new SourceError('too-large', `${what} unpacks to more than ${limit / 2 ** 30} GiB`, {
        hint: 'a layer of that size is most likely made to fill the disk: do not use it',
      });
    }
    yield piece;
  }
}

/** The first bytes of a stream, and the whole stream again. */
async function splitHead(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  for (let have = 0; have < length; ) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first.push(Buffer.from(value));
    have += value.length;
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    try {
      yield* first;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head: Buffer.concat(first), rest: rest() };
}

function isZlibError(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(Z_|ZSTD_|ERR_ZLIB|ERR_STREAM_PREMATURE_CLOSE)/.test(code);
}
