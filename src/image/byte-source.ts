/** Where bytes are in a file that is open: whoever has its descriptor can read them, in any thread of the process. */
export interface FileRange {
  /** File descriptor, open for as long as the source is used. */
  readonly descriptor: number;
  /** Of the first byte, from the start of the file. */
  readonly offset: number;
}

/** Random access to bytes, such as an image file or a partition in one. Its content does not change. */
export interface ByteSource {
  /** Bytes it has. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset` on, all of them within {@link size}. The result may be a view; it stays
   * as it is.
   */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  /**
   * Fills `target` with the bytes from `offset` on, all of them within {@link size}. For whoever reads much and keeps
   * nothing: fresh memory for every mebibyte costs a fifth of the time that hashing it takes.
   */
  readInto?(offset: number, target: Uint8Array): void | Promise<void>;
  /** The file whose bytes these are, one after the other, where it is one: for threads, which read for themselves. */
  readonly file?: FileRange | undefined;
}
