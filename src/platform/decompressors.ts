import type { Decompressors } from '../image/decompressors.ts';

/** DEFLATE, zlib and zstd of `node:zlib`. */
export declare const decompressors: Decompressors;
