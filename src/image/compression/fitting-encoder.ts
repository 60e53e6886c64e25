import type { Compress } from '../compressors.ts';
import type { EncodedPiece, PieceEncoder } from './piece-encoder.ts';

/** Of the output: with so little of it unused, another attempt is not worth its time. */
const UNUSED_SHARE = 1 / 128;
/** Of the output: what is left unused in haste, so that the first attempt mostly fits. */
const HASTY_SHARE = 1 / 16;
/** Attempts to use more of the output, once there is one that uses half of it. */
const ATTEMPTS = 4;
/** What is expected of the first piece of an input. */
const FIRST_RATIO = 0.4;
/** Log2 of what the least step is a part of. */
const NEAREST_BITS = 5;
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
    const aim = Math.floor(room * (1 - UNUSED_SHARE / 2));
    /** The longest piece that fits, and the shortest that does not, if one was tried. */
    let fitting: EncodedPiece = { length: 0, size: 0 };
    let tooLong: EncodedPiece | undefined;
    let length = Math.min(most, Math.floor((room / this.#ratio) * (isHasty ? 1 - HASTY_SHARE : 1)));
    for (let attempt = 1; fitting.size < room / 2 || attempt <= ATTEMPTS; attempt++) {
      const compressed = this.#compress(this.#input.subarray(start, start + length));
      const piece = { length, size: compressed.length };
      if (piece.size <= room) {
        fitting = piece;
        output.set(compressed);
        if (piece.size >= enough) break;
      } else {
        tooLong = piece;
      }
      const span = (tooLong?.length ?? most + 1) - fitting.length;
      if (span <= 1) break;
      length = fitting.length + Math.min(Math.max(1, estimate(fitting, tooLong, aim)), span - 1);
    }
    this.#ratio = Math.max(fitting.size / fitting.length, room / this.#longest);
    return fitting;
  }
}

/**
 * How much longer than the piece that fits another one may be to have `aim` bytes, which lies between the two; never so near to
 * either that nothing would be won.
 */
function estimate(fitting: EncodedPiece, tooLong: EncodedPiece | undefined, aim: number): number {
  if (tooLong === undefined) {
    const longer = Math.floor((fitting.length * aim) / fitting.size) - fitting.length;
    return Math.min(Math.max(longer, fitting.length >>> NEAREST_BITS), (GROWTH - 1) * fitting.length);
  }
  const span = tooLong.length - fitting.length;
  const share = (aim - fitting.size) / (tooLong.size - fitting.size);
  const nearest = 2 ** -NEAREST_BITS;
  return Math.floor(span * Math.min(Math.max(share, nearest), 1 - nearest));
}
