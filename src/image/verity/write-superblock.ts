import { bytesOf } from '../../base/byte-string.ts';
import { ImageError } from '../error.ts';
import {
  ALGORITHM_SIZE,
  SALT_LIMIT,
  SUPERBLOCK,
  SUPERBLOCK_SIGNATURE,
  SUPERBLOCK_SIZE,
  SUPERBLOCK_VERSION,
} from './layout.ts';
import type { VeritySuperblock } from './superblock.ts';

/**
 * Writes a verity superblock: 512 bytes.
 *
 * @throws ImageError ('unrepresentable') when the name of the hash or the salt is too long.
 */
export function writeVeritySuperblock(superblock: VeritySuperblock): Uint8Array {
  const { algorithm, salt } = superblock;
  if (algorithm.length > ALGORITHM_SIZE || salt.length > SALT_LIMIT) {
    throw new ImageError(
      'unrepresentable',
      `verity superblock: no room for the hash ${algorithm} with ${salt.length} bytes of salt`,
    );
  }
  const bytes = new Uint8Array(SUPERBLOCK_SIZE);
  const view = new DataView(bytes.buffer);
  bytes.set(bytesOf(SUPERBLOCK_SIGNATURE), SUPERBLOCK.signature);
  view.setUint32(SUPERBLOCK.version, SUPERBLOCK_VERSION, true);
  view.setUint32(SUPERBLOCK.hashType, superblock.hashType, true);
  bytes.set(superblock.uuid, SUPERBLOCK.uuid);
  bytes.set(bytesOf(algorithm), SUPERBLOCK.algorithm);
  view.setUint32(SUPERBLOCK.dataBlockSize, superblock.dataBlockSize, true);
  view.setUint32(SUPERBLOCK.hashBlockSize, superblock.hashBlockSize, true);
  view.setBigUint64(SUPERBLOCK.dataBlocks, BigInt(superblock.dataBlocks), true);
  view.setUint16(SUPERBLOCK.saltSize, salt.length, true);
  bytes.set(salt, SUPERBLOCK.salt);
  return bytes;
}
