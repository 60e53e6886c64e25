import { byteString } from '../../base/byte-string.ts';
import { ImageError } from '../error.ts';
import { GUID_SIZE } from '../guid.ts';
import {
  ALGORITHM_SIZE,
  BLOCK_SIZE_LIMIT,
  BLOCK_SIZE_MINIMUM,
  HASH_TYPE_LIMIT,
  SALT_LIMIT,
  SUPERBLOCK,
  SUPERBLOCK_SIGNATURE,
  SUPERBLOCK_SIZE,
  SUPERBLOCK_VERSION,
} from './layout.ts';
import type { VeritySuperblock } from './superblock.ts';

/**
 * Reads a verity superblock, with the checks of cryptsetup's `VERITY_read_sb`.
 *
 * @param bytes At least the first 512 of the hash partition.
 * @throws ImageError ('malformed') that names the field.
 */
export function readVeritySuperblock(bytes: Uint8Array): VeritySuperblock {
  if (bytes.length < SUPERBLOCK_SIZE) {
    malformed(`it has ${bytes.length} bytes, ${SUPERBLOCK_SIZE} are needed`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, SUPERBLOCK_SIZE);
  const text = (start: number, length: number): string => byteString(bytes.subarray(start, start + length));

  if (text(SUPERBLOCK.signature, SUPERBLOCK_SIGNATURE.length) !== SUPERBLOCK_SIGNATURE) {
    malformed('it does not begin with "verity"');
  }
  const version = view.getUint32(SUPERBLOCK.version, true);
  if (version !== SUPERBLOCK_VERSION) malformed(`version ${version}, only ${SUPERBLOCK_VERSION} is known`);
  const hashType = view.getUint32(SUPERBLOCK.hashType, true);
  if (hashType > HASH_TYPE_LIMIT) malformed(`hash type ${hashType}, only 0 and 1 are known`);
  const algorithm = /^([a-z0-9-]+)\0*$/.exec(text(SUPERBLOCK.algorithm, ALGORITHM_SIZE))?.[1];
  if (algorithm === undefined) malformed('the name of the hash is not one that the kernel would know');
  const blocks = view.getBigUint64(SUPERBLOCK.dataBlocks, true);
  const dataBlockSize = blockSize(view, SUPERBLOCK.dataBlockSize, 'data');
  if (blocks < 1n || blocks * BigInt(dataBlockSize) > Number.MAX_SAFE_INTEGER) {
    malformed(`it covers ${blocks} data blocks`);
  }
  const saltSize = view.getUint16(SUPERBLOCK.saltSize, true);
  if (saltSize > SALT_LIMIT) malformed(`the salt has ${saltSize} bytes, ${SALT_LIMIT} are allowed`);
  return {
    uuid: new Uint8Array(bytes.subarray(SUPERBLOCK.uuid, SUPERBLOCK.uuid + GUID_SIZE)),
    hashType,
    algorithm,
    dataBlockSize,
    hashBlockSize: blockSize(view, SUPERBLOCK.hashBlockSize, 'hash'),
    dataBlocks: Number(blocks),
    salt: new Uint8Array(bytes.subarray(SUPERBLOCK.salt, SUPERBLOCK.salt + saltSize)),
  };
}

function blockSize(view: DataView, offset: number, kind: string): number {
  const size = view.getUint32(offset, true);
  if (size < BLOCK_SIZE_MINIMUM || size > BLOCK_SIZE_LIMIT || (size & (size - 1)) !== 0) {
    malformed(`${kind} blocks of ${size} bytes`);
  }
  return size;
}

function malformed(cause: string): never {
  throw new ImageError('malformed', `verity superblock: ${cause}`);
}
