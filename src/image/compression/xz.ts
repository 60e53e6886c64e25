import { crc32 } from '../checksum/crc32.ts';
import type { Decompress } from '../decompressors.ts';
import { MAX_INSTRUCTION_SIZE } from './branch-filter/filters.ts';
import { damagedData } from './damaged-data.ts';
import { decodeLzma2 } from './lzma2.ts';
import { readBlockHeader, readStreamHeader, STREAM_HEADER_SIZE } from './read-xz-header.ts';

/** Blocks are padded to a multiple of this. */
const ALIGNMENT = 4;
const CHECK_CRC32 = 1;
/** Bytes of the check behind a block, by its kind (xz-file-format.txt, section 2.1.1.2). */
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
/** Where a block would be: the index, and so no more blocks. */
const INDEX = 0;

/**
 * Decompresses a stream of XZ (xz-file-format.txt 1.1.0) with LZMA2 and branch filters. Of the checks behind blocks
 * CRC-32 is verified, the one that file systems use. The index behind the blocks is not looked at.
 *
 * @throws ImageError ('malformed', or 'out-of-range' for filters that are not known here)
 */
export const decompressXz: Decompress = (input, outputSize) => {
  const { check } = readStreamHeader(input);
  // A branch can be restored only as a whole, so that one at the end needs some bytes more than are asked for.
  const output = new Uint8Array(outputSize + MAX_INSTRUCTION_SIZE);
  let written = 0;
  for (let at = STREAM_HEADER_SIZE; written < outputSize; ) {
    if (at >= input.length) throw damagedData('XZ', 'it is cut off before a block');
    if (input[at] === INDEX) break;
    const header = readBlockHeader(input, at);
    const data = decodeLzma2(input, at + header.size, output.subarray(written));
    const block = output.subarray(written, written + data.written);
    for (const decode of header.filters) decode(block);
    written += data.written;
    if (!data.isComplete) break;
    const checkAt = Math.ceil(data.read / ALIGNMENT) * ALIGNMENT;
    at = checkAt + CHECK_SIZES[check]!;
    if (at > input.length) throw damagedData('XZ', 'it is cut off before a check');
    if (check === CHECK_CRC32) {
      const expected = new DataView(input.buffer, input.byteOffset).getUint32(checkAt, true);
      if (crc32(block) !== expected) throw damagedData('XZ', 'a block has another check sum than it says');
    }
  }
  return output.subarray(0, Math.min(written, outputSize));
};
