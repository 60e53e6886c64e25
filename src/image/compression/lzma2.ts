import { copyLiterals } from './copy-match.ts';
import { damagedData } from './damaged-data.ts';
import { LzmaDecoder, parseProperties } from './lzma.ts';
import { RangeDecoder } from './range-decoder.ts';

/** First byte of a chunk (lzma2_decoder.c of XZ Utils). From `lzma` on its bits are flags and a part of a size. */
const CONTROL = { end: 0, storedNewDictionary: 1, stored: 2, lzma: 0x80 };
/** What an LZMA chunk begins anew, each including those before it: bits 5 and 6 of its first byte. */
const RESET = { state: 1, properties: 2, dictionary: 3 };

/** How far decoding came. */
export interface Lzma2Progress {
  /** Where the input that was used ends. */
  readonly read: number;
  /** Bytes of output. */
  readonly written: number;
  /** Whether the data ended; otherwise the output was full. */
  readonly isComplete: boolean;
}

/**
 * Decodes LZMA2 until its end, or until the output is full and there is more.
 *
 * @param at Where it starts in the input.
 * @throws ImageError ('malformed')
 */
export function decodeLzma2(input: Uint8Array, at: number, output: Uint8Array): Lzma2Progress {
  let read = at;
  let written = 0;
  let dictionaryStart: number | undefined;
  let decoder: LzmaDecoder | undefined;
  for (;;) {
    if (read === input.length) throw damagedData('LZMA2', 'it is cut off before a chunk');
    const control = input[read]!;
    if (control === CONTROL.end) return { read: read + 1, written, isComplete: true };
    const isLzma = control >= CONTROL.lzma;
    if (!isLzma && control > CONTROL.stored) throw damagedData('LZMA2', `no chunk begins with ${control}`);
    const reset = isLzma ? (control >>> 5) & 3 : 0;
    const headerSize = isLzma ? (reset >= RESET.properties ? 6 : 5) : 3;
    if (input.length - read < headerSize) throw damagedData('LZMA2', 'it is cut off in a chunk');
    const size = (isLzma ? (control & 0x1f) << 16 : 0) + (input[read + 1]! << 8) + input[read + 2]! + 1;
    const storedSize = isLzma ? (input[read + 3]! << 8) + input[read + 4]! + 1 : size;
    const storedAt = read + headerSize;
    const storedEnd = storedAt + storedSize;
    const end = Math.min(written + size, output.length);
    const isWhole = end === written + size;
    if (storedEnd > input.length) throw damagedData('LZMA2', 'it is cut off in a chunk');

    if (control === CONTROL.storedNewDictionary || reset === RESET.dictionary) {
      dictionaryStart = written;
      decoder = undefined;
    }
    if (dictionaryStart === undefined) throw damagedData('LZMA2', 'the first chunk needs one before it');
    if (isLzma) {
      if (reset >= RESET.properties) decoder = new LzmaDecoder(parseProperties(input[storedAt - 1]!));
      else if (reset === RESET.state) decoder?.reset();
      if (decoder === undefined) throw damagedData('LZMA2', 'a chunk without parameters');
      if (input[storedAt] !== 0) throw damagedData('LZMA2', 'a chunk does not begin with a zero');
      const coder = new RangeDecoder(input, storedAt, storedEnd);
      const decodedEnd = decoder.decode(coder, output, dictionaryStart, written, end);
      if (decodedEnd < end || (isWhole && !coder.isFinished())) {
        throw damagedData('LZMA2', 'a chunk does not end where it says');
      }
    } else {
      copyLiterals(output, written, input, storedAt, end - written);
    }
    written = end;
    read = storedEnd;
    if (!isWhole) return { read, written, isComplete: false };
  }
}
