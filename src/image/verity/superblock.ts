/** A verity superblock. */
export interface VeritySuperblock {
  /** 16 bytes in the order of RFC 9562. */
  readonly uuid: Uint8Array;
  /** 1, or 0 for the format of Chrome OS. */
  readonly hashType: number;
  /** Name of the hash as the kernel spells it. */
  readonly algorithm: string;
  /** Bytes in a block of the data, a power of two from 512 to 512 KiB. */
  readonly dataBlockSize: number;
  /** Bytes in a block of the tree, a power of two from 512 to 512 KiB. */
  readonly hashBlockSize: number;
  readonly dataBlocks: number;
  /** 0 to 256 bytes. */
  readonly salt: Uint8Array;
}
