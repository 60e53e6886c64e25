import type { Decompress } from '../decompressors.ts';
import { damagedData } from './damaged-data.ts';
import { LzmaDecoder, parseProperties } from './lzma.ts';
import { RangeDecoder } from './range-decoder.ts';

/** Parameters (1 byte), size of the dictionary (4), size of the output (8): lzma-file-format.txt of XZ Utils. */
const HEADER_SIZE = 13;
const OUTPUT_SIZE_AT = 5;
/** As the size of the output: it is not known, and the data ends with a mark. */
const UNKNOWN_SIZE = 2n ** 64n - 1n;

/**
 * Decompresses the format of .lzma files ("LZMA_Alone").
 *
 * @throws ImageError ('malformed')
 */
export const decompressLzmaAlone: Decompress = (input, outputSize) => {
  if (input.length <= HEADER_SIZE) throw damagedData('LZMA', 'it is shorter than its header');
  const decoder = new LzmaDecoder(parseProperties(input[0]!));
  const size = new DataView(input.buffer, input.byteOffset).getBigUint64(OUTPUT_SIZE_AT, true);
  if (input[HEADER_SIZE] !== 0) throw damagedData('LZMA', 'it does not begin with a zero');
  const end = size < BigInt(outputSize) ? Number(size) : outputSize;
  const output = new Uint8Array(end);
  const coder = new RangeDecoder(input, HEADER_SIZE, input.length);
  const written = decoder.decode(coder, output, 0, 0, end);
  if (written < end && size !== UNKNOWN_SIZE) throw damagedData('LZMA', 'it ends early');
  return output.subarray(0, written);
};
