import type { Decompress } from '../decompressors.ts';
import { copyLiterals, copyMatch } from './copy-match.ts';
import { damagedData } from './damaged-data.ts';
import { LITERALS_IN_TOKEN, MATCH_IN_TOKEN, MIN_MATCH } from './lz4-block.ts';

/**
 * Decompresses a raw LZ4 block (lz4's doc/lz4_Block_format.md): no frame, no sizes. It ends with literals at the end
 * of the input, or where `outputSize` is reached; what is behind that is not looked at.
 *
 * @throws ImageError ('malformed')
 */
export const decompressLz4: Decompress = (input, outputSize) => {
  const output = new Uint8Array(outputSize);
  let read = 0;
  let written = 0;

  /** What a length of 15 goes on with. */
  const restOfLength = (): number => {
    for (let length = 0; ; ) {
      if (read === input.length) throw damagedData('LZ4', 'it is cut off in a length');
      const byte = input[read++]!;
      length += byte;
      if (byte !== 255) return length;
    }
  };

  while (written < outputSize) {
    if (read === input.length) throw damagedData('LZ4', 'it is cut off before a sequence');
    const token = input[read++]!;

    let literals = token >>> 4;
    if (literals === LITERALS_IN_TOKEN) literals += restOfLength();
    literals = Math.min(literals, outputSize - written);
    if (literals > input.length - read) throw damagedData('LZ4', 'it is cut off in literals');
    copyLiterals(output, written, input, read, literals);
    read += literals;
    written += literals;
    if (read === input.length || written === outputSize) break;

    if (input.length - read < 2) throw damagedData('LZ4', 'it is cut off in a distance');
    const distance = input[read]! | (input[read + 1]! << 8);
    read += 2;
    if (distance === 0 || distance > written) throw damagedData('LZ4', 'a match begins before the output');
    let length = (token & 15) + MIN_MATCH;
    if (length === MATCH_IN_TOKEN) length += restOfLength();
    length = Math.min(length, outputSize - written);
    copyMatch(output, written, distance, length);
    written += length;
  }
  return output.subarray(0, written);
};
