import { constants, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Decompress, Decompressors } from '../image/decompressors.ts';
import { firstFrame } from './zstd-frame.ts';

/** More than a compressed piece of any file system here holds: 12 MiB in EROFS, 1 MiB in squashfs. */
const MAX_OUTPUT_SIZE = 1 << 24;

type Options = { readonly maxOutputLength: number; readonly chunkSize: number };

/**
 * `node:zlib` fails where there is more than is wanted, so that a prefix is cut off the whole. One pass is enough for
 * `outputSize` bytes, as the chunk has one more.
 */
function bounded(decompress: (input: Uint8Array, options: Options) => Uint8Array): Decompress {
  return (input, outputSize) => {
    const options = { maxOutputLength: Math.max(1, outputSize), chunkSize: Math.max(64, outputSize + 1) };
    try {
      return decompress(input, options).subarray(0, outputSize);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      const larger = { maxOutputLength: MAX_OUTPUT_SIZE, chunkSize: 1 << 20 };
      return decompress(input, larger).subarray(0, outputSize);
    }
  };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

// Data that is cut off yields what it has: EROFS may leave out the end of a stream once all bytes are out.
const flush = { finishFlush: constants.Z_SYNC_FLUSH };

/**
 * DEFLATE, zlib and zstd of `node:zlib`. A prefix can be had of data up to 16 MiB; zstd's window may not be larger
 * either, so that memory is bounded.
 */
export const decompressors: Decompressors = {
  deflate: bounded((input, options) => inflateRawSync(input, { ...options, ...flush })),
  zlib: bounded((input, options) => inflateSync(input, { ...options, ...flush })),
  // Behind a frame, `node:zlib` would look for another one.
  zstd: bounded((input, options) =>
    zstdDecompressSync(firstFrame(input), {
      ...options,
      finishFlush: constants.ZSTD_e_flush,
      params: { [constants.ZSTD_d_windowLogMax]: Math.log2(MAX_OUTPUT_SIZE) },
    }),
  ),
};
