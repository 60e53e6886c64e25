import { deflateRawSync } from 'node:zlib';
import type { Compressors } from '../image/compressors.ts';
import { ZstdCompressor } from './zstd-compressor.ts';

/** DEFLATE and zstd of `node:zlib`. */
export const compressors: Compressors = {
  // Not with one context for all: what zlib makes of an input depends on those before.
  deflate: (level) => (input) => deflateRawSync(input, { level, memLevel: 9, chunkSize: chunkSize(input) }),
  zstd: (level, windowBits) => {
    const compressor = new ZstdCompressor(level, windowBits);
    return (input) => compressor.compress(input);
  },
};

/** Bytes of output at a time: mostly that is all, as more than a physical cluster is of no use, and memory is given back late. */
function chunkSize(input: Uint8Array): number {
  return Math.min(input.length + (input.length >>> 6) + 1024, 68 * 1024);
}
