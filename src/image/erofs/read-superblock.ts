import { byteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../byte-source.ts';
import { ImageError } from '../error.ts';
import { readU64, viewOf } from '../file-system-bytes.ts';
import type { Algorithm } from './compressed-layout.ts';
import { crc32c } from './crc32c.ts';
import {
  EROFS_MAGIC,
  EXTENSION_SLOT_SIZE,
  FEATURE_COMPAT,
  FEATURE_INCOMPAT,
  SUPERBLOCK_FIELD as FIELD,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
  UUID_SIZE,
  VOLUME_NAME_SIZE,
  XATTR_PREFIX_ALIGNMENT,
} from './layout.ts';
import { readCompressionConfigs } from './read-compression-configs.ts';
import type { Timestamp } from './tree.ts';

/** Block sizes as log2: what the kernel takes with pages of up to 64 KiB. */
const MIN_BLOCK_BITS = 9;
const MAX_BLOCK_BITS = 16;
/** What needs a newer reader, and what to call it. */
const UNREADABLE: readonly { readonly bit: number; readonly name: string }[] = [
  { bit: FEATURE_INCOMPAT['48bit'], name: '48-bit block addresses (48bit)' },
  { bit: FEATURE_INCOMPAT.metabox, name: 'inodes in a compressed one (metabox)' },
];
const KNOWN_INCOMPAT =
  FEATURE_INCOMPAT.zeroPadding |
  FEATURE_INCOMPAT.compressionConfigs |
  FEATURE_INCOMPAT.chunkedFile |
  FEATURE_INCOMPAT.deviceTable |
  FEATURE_INCOMPAT.tailPacking |
  FEATURE_INCOMPAT.fragments |
  FEATURE_INCOMPAT.xattrPrefixes;

/** What a superblock says, checked. */
export interface Superblock {
  /** Bytes to a block. */
  readonly blockSize: number;
  /** Size of the file system in blocks; it does not exceed the source. */
  readonly blocks: number;
  readonly inodes: number;
  readonly rootNid: number;
  /** Address from which inode numbers count. */
  readonly metaBlock: number;
  /** Address of the shared extended attributes. */
  readonly xattrBlock: number;
  /** When the file system was made, and the time of its compact inodes. */
  readonly buildTime: Timestamp;
  /** 16 bytes in the order of RFC 9562. */
  readonly uuid: Uint8Array;
  /** Label, up to 16 bytes. */
  readonly volumeName: string;
  readonly featureCompat: number;
  readonly featureIncompat: number;
  /** What inodes may be compressed with. */
  readonly algorithms: readonly Algorithm[];
  /** The inode that holds the fragments of others; undefined if there is none. */
  readonly packedNid: number | undefined;
  /** The table of long prefixes of extended attributes: how many, and the byte it starts at. */
  readonly xattrPrefixes: { readonly count: number; readonly start: number };
  /** Where the superblock and what belongs to it end, in bytes. */
  readonly end: number;
}

/**
 * Reads the superblock and checks it, its check sum if there is one.
 *
 * @throws ImageError ('malformed' if there is no valid one, 'out-of-range' for features that are not known here).
 */
export async function readSuperblock(source: ByteSource): Promise<Superblock> {
  if (source.size < SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE) throw malformed(`${source.size} bytes are too few`);
  const view = viewOf(await source.read(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE));
  if (view.getUint32(FIELD.magic, true) !== EROFS_MAGIC) throw malformed('the magic number is missing');
  const blockBits = view.getUint8(FIELD.blockBits);
  if (blockBits < MIN_BLOCK_BITS || blockBits > MAX_BLOCK_BITS) {
    throw malformed(`blocks of 2^${blockBits} bytes are not possible`);
  }
  const blockSize = 2 ** blockBits;
  const featureCompat = view.getUint32(FIELD.featureCompat, true);
  if (featureCompat & FEATURE_COMPAT.checksum) await verifyChecksum(source, view, blockSize);
  const featureIncompat = view.getUint32(FIELD.featureIncompat, true);
  refuseUnknown(featureIncompat & ~KNOWN_INCOMPAT);
  if (view.getUint8(FIELD.directoryBlockBits) !== 0) {
    throw new ImageError('out-of-range', 'EROFS superblock: directory blocks of another size than blocks');
  }
  const blocks = view.getUint32(FIELD.blocks, true);
  const metaBlock = view.getUint32(FIELD.metaBlock, true);
  const buildTime = {
    seconds: readU64(view, FIELD.epoch, () => 'EROFS superblock: the build time'),
    nanoseconds: view.getUint32(FIELD.epochNanoseconds, true),
  };
  if (blocks === 0 || blocks * blockSize > source.size) {
    throw malformed(`${blocks} blocks of ${blockSize} bytes do not fit into ${source.size} bytes`);
  }
  if (metaBlock >= blocks) throw malformed('the inodes would be outside the file system');
  if (buildTime.nanoseconds > 999_999_999) throw malformed('the build time is not a point in time');
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const slotsEnd =
    SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE + EXTENSION_SLOT_SIZE * view.getUint8(FIELD.extensionSlots);
  const has = (bit: number): boolean => (featureIncompat & bit) !== 0;
  const compression = view.getUint16(FIELD.compression, true);
  const { algorithms, end } = has(FEATURE_INCOMPAT.compressionConfigs)
    ? await readCompressionConfigs(source, slotsEnd, compression, blockSize)
    : { algorithms: algorithmsWithout(featureIncompat, compression), end: slotsEnd };
  const packedNid = readU64(view, FIELD.packedNid, () => 'EROFS superblock: the number of the packed inode');
  return {
    blockSize,
    blocks,
    inodes: readU64(view, FIELD.inodes, () => 'EROFS superblock: the number of inodes'),
    rootNid: view.getUint16(FIELD.rootNid, true),
    metaBlock,
    xattrBlock: view.getUint32(FIELD.xattrBlock, true),
    buildTime,
    uuid: bytes.slice(FIELD.uuid, FIELD.uuid + UUID_SIZE),
    volumeName: byteString(bytes.subarray(FIELD.volumeName, FIELD.volumeName + VOLUME_NAME_SIZE)).replace(
      /\0.*/s,
      '',
    ),
    featureCompat,
    featureIncompat,
    algorithms,
    packedNid: has(FEATURE_INCOMPAT.fragments) && packedNid !== 0 ? packedNid : undefined,
    xattrPrefixes: {
      count: has(FEATURE_INCOMPAT.xattrPrefixes) ? view.getUint8(FIELD.xattrPrefixCount) : 0,
      start: view.getUint32(FIELD.xattrPrefixStart, true) * XATTR_PREFIX_ALIGNMENT,
    },
    end,
  };
}

function refuseUnknown(unknown: number): void {
  if (unknown === 0) return;
  const names = UNREADABLE.filter(({ bit }) => (unknown & bit) !== 0).map(({ name }) => name);
  const features = names.length === 0 ? 'features' : names.join(' and ');
  throw new ImageError(
    'out-of-range',
    `EROFS superblock: the file system uses ${features} (0x${(unknown >>> 0).toString(16)}), which cannot be read here`,
    { hint: 'make the image for kernels before 6.15' },
  );
}

/** Without configurations there is LZ4 only; mkfs.erofs then sets zero padding, or in older images the distance. */
function algorithmsWithout(featureIncompat: number, lz4Distance: number): Algorithm[] {
  return (featureIncompat & FEATURE_INCOMPAT.zeroPadding) !== 0 || lz4Distance !== 0 ? ['lz4'] : [];
}

/** Covers the rest of the superblock's block, or one block from the superblock where blocks are that small. */
async function verifyChecksum(source: ByteSource, superblock: DataView, blockSize: number): Promise<void> {
  const length = blockSize > SUPERBLOCK_OFFSET ? blockSize - SUPERBLOCK_OFFSET : blockSize;
  if (SUPERBLOCK_OFFSET + length > source.size) throw malformed('its block is cut off');
  const covered = new Uint8Array(await source.read(SUPERBLOCK_OFFSET, length));
  viewOf(covered).setUint32(FIELD.checksum, 0, true);
  const expected = superblock.getUint32(FIELD.checksum, true);
  const found = crc32c(covered);
  if (found !== expected) {
    throw malformed(`the check sum is 0x${found.toString(16)}, not 0x${expected.toString(16)} as it says`);
  }
}

function malformed(cause: string): ImageError {
  return new ImageError('malformed', `EROFS superblock: ${cause}`);
}
