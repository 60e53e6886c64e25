import type { Decompress } from '../decompressors.ts';
import { copyLiterals, copyMatch } from './copy-match.ts';
import { damagedData } from './damaged-data.ts';

/** The distance that ends the data; it is as near as the most distant kind of match gets. */
const END_DISTANCE = 16384;
/** As the number of literals that an instruction copied: a run, so more than the 3 that follow a match at most. */
const LITERAL_RUN = 4;

/**
 * Decompresses LZO1X as every level of liblzo2 writes it (Documentation/staging/lzo.rst of the kernel, bitstream
 * version 0). Ends where `outputSize` is reached, too.
 *
 * @throws ImageError ('malformed')
 */
export const decompressLzo: Decompress = (input, outputSize) => {
  const output = new Uint8Array(outputSize);
  let read = 0;
  let written = 0;

  const next = (): number => {
    if (read === input.length) throw damagedData('LZO', 'it is cut off');
    return input[read++]!;
  };
  /** A length that its instruction holds, or where that is 0 goes on in bytes of its own. */
  const length = (held: number, most: number): number => {
    if (held > 0) return held;
    for (let total = most; ; total += 255) {
      const byte = next();
      if (byte > 0) return total + byte;
    }
  };
  const literals = (count: number): void => {
    const fitting = Math.min(count, outputSize - written);
    if (fitting > input.length - read) throw damagedData('LZO', 'it is cut off in literals');
    copyLiterals(output, written, input, read, fitting);
    read += fitting;
    written += fitting;
  };

  /** Literals that the instruction before copied, which the meaning of the next one depends on. */
  let copied = 0;
  if (input.length > 0 && input[0]! > 17) {
    const count = next() - 17;
    literals(count);
    copied = Math.min(count, LITERAL_RUN);
  }
  while (written < outputSize) {
    const instruction = next();
    if (instruction < 16 && copied === 0) {
      literals(3 + length(instruction, 15));
      copied = LITERAL_RUN;
      continue;
    }
    let count: number;
    let distance: number;
    let after = instruction;
    if (instruction >= 64) {
      count = instruction >= 128 ? 5 + ((instruction >> 5) & 3) : 3 + ((instruction >> 5) & 1);
      distance = (next() << 3) + ((instruction >> 2) & 7) + 1;
    } else if (instruction >= 16) {
      count = 2 + (instruction >= 32 ? length(instruction & 31, 31) : length(instruction & 7, 7));
      after = next();
      distance = (next() << 6) + (after >> 2);
      if (instruction >= 32) {
        distance += 1;
      } else {
        distance += END_DISTANCE + ((instruction & 8) << 11);
        if (distance === END_DISTANCE) break;
      }
    } else {
      count = copied === LITERAL_RUN ? 3 : 2;
      distance = (next() << 2) + (instruction >> 2) + (copied === LITERAL_RUN ? 2049 : 1);
    }
    if (distance > written) throw damagedData('LZO', 'a match begins before the output');
    count = Math.min(count, outputSize - written);
    copyMatch(output, written, distance, count);
    written += count;
    copied = after & 3;
    literals(copied);
  }
  return output.subarray(0, written);
};
