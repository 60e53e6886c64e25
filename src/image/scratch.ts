/**
 * An append-only store for bytes that are needed again before an image is complete, such as the tails of
 * files: their place in the image is known only when every name is known.
 *
 * {@link MemoryScratch} keeps all of it; the host side has one that spills to a temporary file.
 */
export interface Scratch {
  /** Copies the bytes in and returns the offset under which they can be read. */
  append(bytes: Uint8Array): number | Promise<number>;
  /** Reads back `length` bytes appended at `offset`, within one append. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}
