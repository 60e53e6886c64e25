import { constants } from 'node:zlib';
import { ZstdCompress } from 'minizlib';

/** Bytes of the buffer that is compressed into: a frame that is larger is of no use for a physical cluster of 64 KiB. */
export const CHUNK_SIZE = 68 * 1024;

/**
 * Compresses one input after the other to zstd frames, all with one context: to make one takes as long as to compress some KiB. The
 * frame of an input is the same whatever was compressed before.
 */
export class ZstdCompressor {
  readonly #stream: ZstdCompress;
  #pieces: Uint8Array[] = [];
  #failure: Error | undefined;

  /** @param windowBits The window has up to 2^windowBits bytes. */
  constructor(level: number, windowBits: number) {
    const options = {
      chunkSize: CHUNK_SIZE,
      // A whole frame of what is written, whose size zstd then knows.
      flush: constants.ZSTD_e_end,
      params: {
        [constants.ZSTD_c_compressionLevel]: level,
        [constants.ZSTD_c_windowLog]: windowBits,
        // The kernel does without, but fsck.erofs does not.
        [constants.ZSTD_c_contentSizeFlag]: 1,
        [constants.ZSTD_c_checksumFlag]: 0,
      },
    };
    // The package's types do not name what it passes on to Node.
    this.#stream = new ZstdCompress(options as object);
    this.#stream.on('data', (piece) => this.#pieces.push(piece as Buffer));
    this.#stream.on('error', (error) => {
      this.#failure = error as Error;
    });
  }

  /** The frame of an input, which is not empty. */
  compress(input: Uint8Array): Uint8Array {
    this.#pieces = [];
    this.#stream.write(Buffer.from(input.buffer, input.byteOffset, input.byteLength));
    if (this.#failure !== undefined) throw this.#failure;
    const [first, ...rest] = this.#pieces;
    return rest.length === 0 && first !== undefined ? first : Buffer.concat(this.#pieces);
  }
}
