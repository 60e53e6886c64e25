import { copyMatch } from './copy-match.ts';
import { damagedData } from './damaged-data.ts';
import { EVEN, type RangeDecoder } from './range-decoder.ts';

/** Parameters of the model. */
export interface LzmaProperties {
  /** High bits of the byte before that choose the model of a literal. */
  readonly literalContextBits: number;
  /** Low bits of the position that choose the model of a literal. */
  readonly literalPositionBits: number;
  /** Low bits of the position that choose other models. */
  readonly positionBits: number;
}

/** Most that both kinds of bits for literals may be together: what LZMA2 and every decoder of XZ Utils allow. */
const MAX_LITERAL_BITS = 4;

/**
 * The parameters out of the byte that holds them.
 *
 * @throws ImageError ('malformed') above 224, or where the bits for literals are more than 4.
 */
export function parseProperties(byte: number): LzmaProperties {
  const properties = {
    literalContextBits: byte % 9,
    literalPositionBits: Math.floor(byte / 9) % 5,
    positionBits: Math.floor(byte / 45),
  };
  if (
    properties.positionBits > 4 ||
    properties.literalContextBits + properties.literalPositionBits > MAX_LITERAL_BITS
  ) {
    throw damagedData('LZMA', `${byte} stands for no parameters`);
  }
  return properties;
}

/** States from here on follow a match, not a literal. */
const FIRST_STATE_AFTER_MATCH = 7;
const POSITION_STATES = 16;
const MIN_MATCH = 2;
const DISTANCE_STATES = 4;
const SLOT_BITS = 6;
const ALIGN_BITS = 4;
/** From this slot on the low bits of a distance are {@link ALIGN_BITS} with a model after others without. */
const FIRST_SLOT_WITH_ALIGN = 14;
/** The distance that says that the data ends. */
const END_MARK = 0xffffffff;

/** Where the models of a length are, from the start of the length's. */
const LENGTH = { choice: 0, choice2: 1, low: 2, middle: 130, high: 258, size: 514 };

/** Where each model's probabilities start in the array of all. */
const MODEL = {
  isMatch: 0,
  isRepeat: 192,
  isRepeat0: 204,
  isRepeat1: 216,
  isRepeat2: 228,
  isRepeat0Long: 240,
  slot: 432,
  special: 688,
  align: 816,
  matchLength: 832,
  repeatLength: 832 + LENGTH.size,
  literal: 832 + 2 * LENGTH.size,
};
/** Probabilities of one literal: a tree of 8 bits, and two more for where a match has just ended. */
const LITERAL_SIZE = 0x300;

/**
 * Decodes LZMA (lzma-specification.txt of the LZMA SDK) where the output is kept as a whole, and so is the
 * dictionary. LZMA2 calls it once a chunk, with the state kept from chunk to chunk.
 */
export class LzmaDecoder {
  readonly #probabilities: Uint16Array;
  readonly #literalContextShift: number;
  readonly #literalContextBits: number;
  readonly #literalPositionMask: number;
  readonly #positionMask: number;
  #state = 0;
  #distances: [number, number, number, number] = [1, 1, 1, 1];

  constructor(properties: LzmaProperties) {
    const { literalContextBits, literalPositionBits, positionBits } = properties;
    this.#probabilities = new Uint16Array(
      MODEL.literal + (LITERAL_SIZE << (literalContextBits + literalPositionBits)),
    );
    this.#literalContextBits = literalContextBits;
    this.#literalContextShift = 8 - literalContextBits;
    this.#literalPositionMask = (1 << literalPositionBits) - 1;
    this.#positionMask = (1 << positionBits) - 1;
    this.reset();
  }

  /** Forgets everything learnt; the parameters stay. */
  reset(): void {
    this.#probabilities.fill(EVEN);
    this.#state = 0;
    this.#distances = [1, 1, 1, 1];
  }

  /**
   * Decodes until `end`, or the mark that says that the data ends. A match that goes on after `end` is cut there.
   *
   * @param at Where to write in the output.
   * @param start Where the dictionary starts in the output; positions count from there.
   * @returns Where the decoded bytes end: `end` unless there was the mark.
   * @throws ImageError ('malformed')
   */
  decode(coder: RangeDecoder, output: Uint8Array, start: number, at: number, end: number): number {
    const probabilities = this.#probabilities;
    let state = this.#state;
    let [distance0, distance1, distance2, distance3] = this.#distances;
    let written = at;
    while (written < end) {
      const position = (written - start) & this.#positionMask;
      if (coder.bit(probabilities, MODEL.isMatch + state * POSITION_STATES + position) === 0) {
        const model = this.#literalModel(output, written, start);
        output[written] =
          state < FIRST_STATE_AFTER_MATCH
            ? coder.tree(probabilities, model, 8)
            : this.#literalAfterMatch(coder, model, output[written - distance0]!);
        written += 1;
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
        continue;
      }
      let length = 0;
      if (coder.bit(probabilities, MODEL.isRepeat + state) === 0) {
        length = this.#length(coder, MODEL.matchLength, position);
        distance3 = distance2;
        distance2 = distance1;
        distance1 = distance0;
        distance0 = this.#distance(coder, length) + 1;
        if (distance0 > END_MARK) break;
        state = state < FIRST_STATE_AFTER_MATCH ? 7 : 10;
      } else {
        if (coder.bit(probabilities, MODEL.isRepeat0 + state) === 1) {
          let distance = distance1;
          if (coder.bit(probabilities, MODEL.isRepeat1 + state) === 1) {
            distance = distance2;
            if (coder.bit(probabilities, MODEL.isRepeat2 + state) === 1) {
              distance = distance3;
              distance3 = distance2;
            }
            distance2 = distance1;
          }
          distance1 = distance0;
          distance0 = distance;
        } else if (coder.bit(probabilities, MODEL.isRepeat0Long + state * POSITION_STATES + position) === 0) {
          length = 1;
          state = state < FIRST_STATE_AFTER_MATCH ? 9 : 11;
        }
        if (length === 0) {
          length = this.#length(coder, MODEL.repeatLength, position);
          state = state < FIRST_STATE_AFTER_MATCH ? 8 : 11;
        }
      }
      if (distance0 > written - start) throw damagedData('LZMA', 'a match begins before the output');
      length = Math.min(length, end - written);
      copyMatch(output, written, distance0, length);
      written += length;
    }
    this.#state = state;
    this.#distances = [distance0, distance1, distance2, distance3];
    return written;
  }

  /** Where the model of the literal at `at` is, which depends on its position and the byte before. */
  #literalModel(output: Uint8Array, at: number, start: number): number {
    const before = at > start ? output[at - 1]! : 0;
    const context =
      (((at - start) & this.#literalPositionMask) << this.#literalContextBits) |
      (before >>> this.#literalContextShift);
    return MODEL.literal + LITERAL_SIZE * context;
  }

  /** A literal that was to be expected to differ from `expected`, the byte that a longer match would have given. */
  #literalAfterMatch(coder: RangeDecoder, model: number, expected: number): number {
    const probabilities = this.#probabilities;
    let rest = expected << 1;
    let offset = 0x100;
    let symbol = 1;
    while (symbol < 0x100) {
      const expectedBit = rest & offset;
      rest <<= 1;
      const bit = coder.bit(probabilities, model + offset + expectedBit + symbol);
      symbol = (symbol << 1) | bit;
      offset &= bit === 1 ? expectedBit : ~expectedBit;
    }
    return symbol & 0xff;
  }

  #length(coder: RangeDecoder, model: number, position: number): number {
    const probabilities = this.#probabilities;
    if (coder.bit(probabilities, model + LENGTH.choice) === 0) {
      return MIN_MATCH + coder.tree(probabilities, model + LENGTH.low + (position << 3), 3);
    }
    if (coder.bit(probabilities, model + LENGTH.choice2) === 0) {
      return MIN_MATCH + 8 + coder.tree(probabilities, model + LENGTH.middle + (position << 3), 3);
    }
    return MIN_MATCH + 16 + coder.tree(probabilities, model + LENGTH.high, 8);
  }

  /** Bytes back to a match, less one; {@link END_MARK} at the end of the data. */
  #distance(coder: RangeDecoder, length: number): number {
    const probabilities = this.#probabilities;
    const slotModel = MODEL.slot + (Math.min(length - MIN_MATCH, DISTANCE_STATES - 1) << SLOT_BITS);
    const slot = coder.tree(probabilities, slotModel, SLOT_BITS);
    if (slot < 4) return slot;
    const lowBits = (slot >>> 1) - 1;
    const high = (2 | (slot & 1)) * 2 ** lowBits;
    if (slot < FIRST_SLOT_WITH_ALIGN) {
      return high + coder.reverseTree(probabilities, MODEL.special + high - slot, lowBits);
    }
    return (
      high +
      coder.direct(lowBits - ALIGN_BITS) * (1 << ALIGN_BITS) +
      coder.reverseTree(probabilities, MODEL.align, ALIGN_BITS)
    );
  }
}
