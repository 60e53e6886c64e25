/*
 * dm-verity's on-disk format, version 1: Linux Documentation/admin-guide/device-mapper/verity.rst and
 * cryptsetup lib/verity/verity.c. All numbers are little-endian.
 */

/** Superblock, at the start of the hash partition; the rest of its block is zero. */
export const SUPERBLOCK = {
  signature: 0,
  version: 8,
  hashType: 12,
  uuid: 16,
  algorithm: 32,
  dataBlockSize: 64,
  hashBlockSize: 68,
  dataBlocks: 72,
  saltSize: 80,
  salt: 88,
} as const;

/** Bytes in a superblock. */
export const SUPERBLOCK_SIZE = 512;
/** "verity" and two NULs. */
export const SUPERBLOCK_SIGNATURE = 'verity\0\0';
/** The only version there is. */
export const SUPERBLOCK_VERSION = 1;
/** The salt comes before the block, digests are padded to a power of two. The other type, 0, is Chrome OS's. */
export const HASH_TYPE_NORMAL = 1;
/** The highest hash type there is. */
export const HASH_TYPE_LIMIT = 1;

/** Bytes for the name of the hash, padded with NULs. */
export const ALGORITHM_SIZE = 32;
/** Bytes of salt that the superblock has room for. */
export const SALT_LIMIT = 256;
/** Block sizes are powers of two in this range (cryptsetup lib/verity/verity.c). */
export const BLOCK_SIZE_MINIMUM = 512;
export const BLOCK_SIZE_LIMIT = 512 * 1024;
