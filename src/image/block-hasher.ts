import type { ByteSource } from './byte-source.ts';

/**
 * Hashes blocks as dm-verity does (hash type 1): digest = hash(salt ‖ block).
 *
 * The pure rooms do not hash by themselves; the host side passes an implementation in (src/platform).
 */
export interface VerityHasher {
  /** Name of the hash as the kernel spells it, for the verity superblock. */
  readonly algorithm: string;
  /** Bytes in a digest. */
  readonly digestSize: number;
  /** The digests, one after the other, of the blocks in `data`; its length is a multiple of `blockSize`. */
  hashBlocks(salt: Uint8Array, data: Uint8Array, blockSize: number): Uint8Array | Promise<Uint8Array>;
}

/** The hasher of the images that are written here, with SHA-256. */
export interface BlockHasher extends VerityHasher {
  readonly algorithm: 'sha256';
  readonly digestSize: 32;
  /** Where other threads hash, too; undefined where nobody else does. */
  readonly shared?: SharedBlocks;
}

/** Memory from which other threads may take blocks to hash. */
export interface SharedBlocks {
  /** It begins with a page. */
  readonly memory: Uint8Array;
  /** How many runs of blocks may be begun at once. */
  readonly runs: number;
  /**
   * Begins to hash blocks of 4096 bytes, which must stay as they are until the function returned has been called: it gives their
   * digests, one after the other. What was begun first must be ended first. Blocks that lie elsewhere are hashed at once.
   */
  begin(salt: Uint8Array, blocks: Uint8Array): () => Uint8Array;
}

/** The hasher for a hash that a verity superblock names as the kernel does; undefined if it is not one to rely on. */
export type VerityHasherFor = (algorithm: string) => VerityHasher | undefined;

/** Reads a source and hashes its blocks. */
export interface SourceHasher {
  /**
   * The digests of all blocks of `source`, in their order, of some blocks at a time; each piece is needed only until the next one
   * is asked for. Throws what the source throws, where it comes to what cannot be read.
   */
  hashSource(
    source: ByteSource,
    hasher: VerityHasher,
    salt: Uint8Array,
    blockSize: number,
  ): AsyncIterable<Uint8Array>;
}
