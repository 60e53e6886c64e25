/** Compresses one piece as a whole. The same piece gives the same bytes, as long as the library that does it is the same. */
export type Compress = (input: Uint8Array) => Uint8Array;

/** The compressors that the host brings along (src/platform); the pure rooms have LZ4 themselves. */
export interface Compressors {
  /** DEFLATE without a header (RFC 1951), with a window of 32 KiB. */
  deflate(level: number): Compress;
  /** zstd frames (RFC 8878) without a check sum, with a window of up to 2^`windowBits` bytes. */
  zstd(level: number, windowBits: number): Compress;
}
