import { Gunzip } from 'minizlib';
import { releasePiece } from '../../platform/release-buffer.ts';
import { damaged, tooLarge, UNPACKED_MAX } from './unpack-errors.ts';

/**
 * Bytes that are inflated at once: what comes out of them, at most a thousand times as many, lies in memory until all of it is
 * taken.
 */
const INPUT_SIZE = 32 * 1024;
/** Bytes of the buffer that they are inflated into. One that fits the processor's cache is hashed and copied out of it. */
const CHUNK_SIZE = 256 * 1024;

/** Inflates a gzip stream, also of several members, in the calling thread and without waiting: for a thread that does only that. */
export class Inflater {
  readonly #what: string;
  // Its types do not name what it passes on to Node.
  readonly #gunzip = new Gunzip({ chunkSize: CHUNK_SIZE } as object);
  #failure: Error | undefined;

  /**
   * @param what The stream, for messages.
   * @param take Is given what comes out, in order; a piece is good until it returns.
   */
  constructor(what: string, take: (piece: Uint8Array) => void) {
    this.#what = what;
    let total = 0;
    this.#gunzip.on('data', (piece) => {
      total += piece.length;
      if (total > UNPACKED_MAX) throw tooLarge(what, UNPACKED_MAX);
      take(piece);
      releasePiece(piece);
    });
    this.#gunzip.on('error', (error) => {
      this.#failure = error as Error;
    });
  }

  /** @throws SourceError `malformed` for damaged data, `too-large` for a decompression bomb. */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += INPUT_SIZE) {
      this.#gunzip.write(
        Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(INPUT_SIZE, bytes.length - at)),
      );
      this.#throwFailure();
    }
  }

  /** @throws SourceError `malformed` for a truncated stream. */
  end(): void {
    this.#gunzip.end();
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw damaged(this.#what, 'gzip', this.#failure);
  }
}
