import { constants, deflateRawSync, zstdCompressSync } from 'node:zlib';
import type { Compressors } from '../image/compressors.ts';

/** The output is one buffer: no codec makes more of a piece than this beyond its size. */
const chunkSize = (input: Uint8Array): number => input.length + (input.length >>> 6) + 1024;

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
