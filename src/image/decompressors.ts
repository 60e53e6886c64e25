/**
 * Decompresses one piece into at most `outputSize` bytes: fewer where the data has fewer, a prefix where it has more.
 * Throws whatever it likes where the data is damaged.
 */
export type Decompress = (input: Uint8Array, outputSize: number) => Uint8Array;

/** The decompressors that the host brings along (src/platform); the pure rooms have the others themselves. */
export interface Decompressors {
  /** DEFLATE without a header (RFC 1951). */
  readonly deflate: Decompress;
  /** DEFLATE with the header of zlib (RFC 1950). */
  readonly zlib: Decompress;
  /** A zstd frame (RFC 8878); bytes after it are ignored. */
  readonly zstd: Decompress;
}
