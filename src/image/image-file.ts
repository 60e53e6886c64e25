/** The file that an image is written to, empty at first. Positions and sizes are bytes below 2^53. */
export interface ImageFile {
  /**
   * Writes all the bytes at `position`, which may lie beyond the end: what is between reads as zeros. Several
   * writes may be under way at once; each has its bytes for itself until its promise settles.
   */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes the file `size` bytes long: cuts it, or lets it end in zeros that need no room on the disk. */
  truncate(size: number): Promise<void>;
}
