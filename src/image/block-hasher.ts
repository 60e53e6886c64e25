/**
 * Hashes blocks as dm-verity does (hash type 1): digest = SHA-256(salt ‖ block).
 *
 * The pure rooms do not hash by themselves; the host side passes an implementation in (src/platform).
 */
export interface BlockHasher {
  /** Name of the hash as the kernel spells it, for the verity superblock. */
  readonly algorithm: 'sha256';
  /** Bytes in a digest. */
  readonly digestSize: 32;
  /** The digests, one after the other, of the blocks in `data`; its length is a multiple of `blockSize`. */
  hashBlocks(salt: Uint8Array, data: Uint8Array, blockSize: number): Uint8Array | Promise<Uint8Array>;
}
