import { constants, deflateRawSync, zstdCompressSync } from 'node:zlib';
import type { Compressors } from '../image/compressors.ts';

/** Bytes of output at a time: mostly that is all, as more than a physical cluster is of no use, and memory is given back late. */
const CHUNK_SIZE = 68 * 1024;
const chunkSize = (input: Uint8Array): number =>
  Math.min(input.length + (input.length >>> 6) + 1024, CHUNK_SIZE);

/** DEFLATE and zstd of `node:zlib`. */
export const compressors: Compressors = {
  deflate: (level) => (input) => deflateRawSync(input, { level, memLevel: 9, chunkSize: chunkSize(input) }),
  zstd: (level, windowBits) => (input) =>
    zstdCompressSync(input, {
      chunkSize: chunkSize(input),
      pledgedSrcSize: input.length,
      params: {
        [constants.ZSTD_c_compressionLevel]: level,
        [constants.ZSTD_c_windowLog]: windowBits,
        // The kernel does without, but fsck.erofs does not.
        [constants.ZSTD_c_contentSizeFlag]: 1,
        [constants.ZSTD_c_checksumFlag]: 0,
      },
    }),
};
