import { crc32 } from '../checksum/crc32.ts';
import { ImageError } from '../error.ts';
import { BRANCH_FILTERS, type BranchFilter } from './branch-filter/filters.ts';
import { damagedData } from './damaged-data.ts';

/** xz-file-format.txt, section 2.1.1. */
const STREAM_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const STREAM_FLAGS_SIZE = 2;
const CRC_SIZE = 4;
/** Magic, flags and their CRC-32. */
export const STREAM_HEADER_SIZE = STREAM_MAGIC.length + STREAM_FLAGS_SIZE + CRC_SIZE;

/** Flags of a block (section 3.1.2); the low two bits are the number of filters, less one. */
const BLOCK_FLAG = { filters: 0x03, hasCompressedSize: 0x40, hasUncompressedSize: 0x80, reserved: 0x3c };
const FILTER_LZMA2 = 0x21;
const LZMA2_PROPERTIES_SIZE = 1;
/** Most bytes of a number of variable length (section 1.2), so that it fits into 63 bits. */
const MAX_NUMBER_SIZE = 9;

/**
 * The header of a stream.
 *
 * @throws ImageError ('malformed')
 */
export function readStreamHeader(input: Uint8Array): { readonly check: number } {
  if (input.length < STREAM_HEADER_SIZE || STREAM_MAGIC.some((byte, index) => input[index] !== byte)) {
    throw damagedData('XZ', 'it has no header');
  }
  const flagsAt = STREAM_MAGIC.length;
  verifyCrc(input, flagsAt, flagsAt + STREAM_FLAGS_SIZE);
  const check = input[flagsAt + 1]!;
  if (input[flagsAt] !== 0 || check > 15) throw damagedData('XZ', 'its flags are not known');
  return { check };
}

/** The header of a block. */
export interface BlockHeader {
  /** Bytes of the header. */
  readonly size: number;
  /** The filters to undo after LZMA2, in this order. */
  readonly filters: readonly BranchFilter[];
}

/**
 * The header of the block at `at`, a position within the input.
 *
 * @throws ImageError ('malformed', or 'out-of-range' for filters that are not known here)
 */
export function readBlockHeader(input: Uint8Array, at: number): BlockHeader {
  const size = (input[at]! + 1) * 4;
  if (size > input.length - at) throw damagedData('XZ', 'it is cut off in the header of a block');
  const end = at + size - CRC_SIZE;
  verifyCrc(input, at, end);
  const flags = input[at + 1]!;
  if ((flags & BLOCK_FLAG.reserved) !== 0) throw damagedData('XZ', 'the flags of a block are not known');

  let read = at + 2;
  /** A number below 2^53, as they all are but for hostile sizes, which are not used. */
  const number = (): number => {
    let value = 0;
    for (let index = 0; index < MAX_NUMBER_SIZE && read < end; index++) {
      const byte = input[read++]!;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if ((byte & 0x80) === 0) return value;
    }
    throw damagedData('XZ', 'a number in the header of a block does not end');
  };
  if ((flags & BLOCK_FLAG.hasCompressedSize) !== 0) number();
  if ((flags & BLOCK_FLAG.hasUncompressedSize) !== 0) number();
  const filters: BranchFilter[] = [];
  for (let left = flags & BLOCK_FLAG.filters; left > 0; left--) {
    const id = number();
    const filter = BRANCH_FILTERS.get(id);
    if (filter === undefined || number() !== 0) {
      throw new ImageError('out-of-range', `XZ data: its filter ${id} cannot be undone here`);
    }
    filters.unshift(filter);
  }
  if (number() !== FILTER_LZMA2 || number() !== LZMA2_PROPERTIES_SIZE) {
    throw new ImageError('out-of-range', 'XZ data: its last filter is not LZMA2');
  }
  return { size, filters };
}

function verifyCrc(input: Uint8Array, from: number, to: number): void {
  const expected = new DataView(input.buffer, input.byteOffset).getUint32(to, true);
  if (crc32(input.subarray(from, to)) !== expected) {
    throw damagedData('XZ', 'a header has another check sum than it says');
  }
}
