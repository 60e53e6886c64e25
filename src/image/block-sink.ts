/** Bytes in a block: of the file system, of the hash tree's data, and of the hash tree itself. */
export const BLOCK_SIZE = 4096;

/**
 * Where a file system's blocks go, in order, each once: the data partition of an image being written.
 *
 * A call that returns a promise must be awaited before the next call and before its argument is reused.
 */
export interface BlockSink {
  /** Blocks held so far, which is also the address of the next one. */
  readonly blocks: number;
  /** Takes whole blocks: `bytes.length` is a positive multiple of {@link BLOCK_SIZE}. The bytes are copied. */
  append(bytes: Uint8Array): void | Promise<void>;
  /** Forgets every block from address `blocks` on, so that what follows takes their place. */
  truncate(blocks: number): void | Promise<void>;
  /** Replaces one block that was appended before. */
  replace(block: number, bytes: Uint8Array): void | Promise<void>;
  /**
   * The salted digests of `count` blocks from address `start`, one after the other: the leaves of the hash
   * tree. Equal digests mean equal blocks, which is how identical files are found without a second hash.
   */
  digests(start: number, count: number): Uint8Array | Promise<Uint8Array>;
}
