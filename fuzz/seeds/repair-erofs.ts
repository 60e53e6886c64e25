import { crc32c } from '../../src/image/erofs/crc32c.ts';
import {
  EROFS_MAGIC,
  FEATURE_COMPAT,
  SUPERBLOCK_FIELD as FIELD,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
} from '../../src/image/erofs/layout.ts';

/** Sets the check sum of an EROFS superblock, if there is one that has it. */
export function repairErofsSuperblock(input: Uint8Array): void {
  if (input.length < SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE) return;
  const view = new DataView(input.buffer, input.byteOffset + SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE);
  if (view.getUint32(FIELD.magic, true) !== EROFS_MAGIC) return;
  if ((view.getUint32(FIELD.featureCompat, true) & FEATURE_COMPAT.checksum) === 0) return;
  const blockSize = 2 ** view.getUint8(FIELD.blockBits);
  const length = blockSize > SUPERBLOCK_OFFSET ? blockSize - SUPERBLOCK_OFFSET : blockSize;
  view.setUint32(FIELD.checksum, 0, true);
  const covered = input.subarray(SUPERBLOCK_OFFSET, SUPERBLOCK_OFFSET + length);
  view.setUint32(FIELD.checksum, crc32c(covered), true);
}
