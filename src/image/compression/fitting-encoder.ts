import type { Compress } from '../compressors.ts';
import type { EncodedPiece, PieceEncoder } from './piece-encoder.ts';

/** Of the output: with so little of it unused, another attempt is not worth its time. */
const UNUSED_SHARE = 1 / 64;
/** Of the output: what is left unused in haste, so that the first attempt mostly fits. */
const HASTY_SHARE = 1 / 16;
/** Attempts to use more of the output, once there is one that fits. */
const ATTEMPTS = 4;
/** What is expected of the first piece of an input. */
const FIRST_RATIO = 0.4;
/** The greatest step that one attempt takes beyond what the attempt before had. */
const GROWTH = 4;

/** Makes an encoder of a compressor that only knows whole pieces: looks for the longest piece that fits when compressed. */
export class FittingEncoder implements PieceEncoder {
  readonly #compress: Compress;
  readonly #longest: number;
  #input: Uint8Array = new Uint8Array(0);
  #ratio = FIRST_RATIO;

  /** @param longest Bytes of the longest piece. */
  constructor(compress: Compress, longest: number) {
    this.#compress = compress;
    this.#longest = longest;
  }

  load(input: Uint8Array): void {
    this.#input = input;
    this.begin();
  }

  begin(): void {
    this.#ratio = FIRST_RATIO;
  }

  encode(start: number, end: number, output: Uint8Array, isHasty = false): EncodedPiece {
    const room = output.length;
    const most = Math.min(end - start, this.#longest);
    const enough = isHasty ? 0 : room - Math.ceil(room * UNUSED_SHARE);
    /** The longest piece that fits, and the shortest that does not. */
    let fitting: EncodedPiece = { length: 0, size: 0 };
    let tooLong = most + 1;
    let length = Math.min(most, Math.floor((room / this.#ratio) * (isHasty ? 1 - HASTY_SHARE : 1)));
    for (let attempt = 1; fitting.length === 0 || attempt <= ATTEMPTS; attempt++) {
      const compressed = this.#compress(this.#input.subarray(start, start + length));
      const ratio = compressed.length / length;
      if (compressed.length <= room) {
        fitting = { length, size: compressed.length };
        output.set(compressed);
        if (compressed.length >= enough) break;
      } else {
        tooLong = length;
      }
      const span = tooLong - fitting.length;
      if (span <= 1) break;
      // A little less than what would fit at this ratio, as one that does not fit is of no use; but always nearer.
      const expected = Math.floor((room * (1 - UNUSED_SHARE / 2)) / ratio);
      const nearest = Math.max(1, Math.floor(span / 16));
      const lowest = fitting.length + Math.min(nearest, span - 1);
      const highest = Math.max(lowest, Math.min(tooLong - nearest, GROWTH * (fitting.length || tooLong)));
      length = Math.min(Math.max(expected, lowest), highest, tooLong - 1);
    }
    this.#ratio = Math.max(fitting.size / fitting.length, room / this.#longest);
    return fitting;
  }
}
