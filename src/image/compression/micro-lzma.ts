import type { Decompress } from '../decompressors.ts';
import { damagedData } from './damaged-data.ts';
import { LzmaDecoder, parseProperties } from './lzma.ts';
import { RangeDecoder } from './range-decoder.ts';

/**
 * Decompresses MicroLZMA, the form of LZMA that EROFS keeps (XZ Utils, lzma_microlzma_decoder in lzma/container.h):
 * no header, and the first byte of the range coder's, always zero, replaced by the complement of the parameters.
 * Nothing in the data says where it ends, so that exactly `outputSize` bytes come out.
 *
 * @throws ImageError ('malformed'), also where the input has fewer bytes.
 */
export const decompressMicroLzma: Decompress = (input, outputSize) => {
  if (input.length === 0) throw damagedData('MicroLZMA', 'it is empty');
  const decoder = new LzmaDecoder(parseProperties(~input[0]! & 0xff));
  const coder = new RangeDecoder(input, 0, input.length);
  const output = new Uint8Array(outputSize);
  if (decoder.decode(coder, output, 0, 0, outputSize) < outputSize) {
    throw damagedData('MicroLZMA', 'it ends early');
  }
  return output;
};
