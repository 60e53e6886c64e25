import { damagedData } from './damaged-data.ts';

/** Probabilities are in units of 2^-11. */
const MODEL_BITS = 11;
/** How fast probabilities adapt. */
const MOVE_BITS = 5;
/** Below this, another byte of input is due. */
const TOP = 1 << 24;

/** An even chance, which every probability starts with. */
export const EVEN = 1 << (MODEL_BITS - 1);

/** First bytes that a range decoder takes: one that is always zero, four for the code. */
export const RANGE_CODER_HEADER_SIZE = 5;

/**
 * The binary range decoder of LZMA (lzma-specification.txt of the LZMA SDK, "Range Decoder").
 *
 * Probabilities are elements of an array, found by index. The unsigned 32-bit numbers are kept as signed ones, which
 * engines hold without a box.
 */
export class RangeDecoder {
  readonly #input: Uint8Array;
  readonly #end: number;
  #at: number;
  #range = -1;
  #code: number;

  /**
   * @param at Where the first byte, which should be zero, is.
   * @param end Where the input ends.
   * @throws ImageError ('malformed') if there are fewer than {@link RANGE_CODER_HEADER_SIZE} bytes.
   */
  constructor(input: Uint8Array, at: number, end: number) {
    if (end - at < RANGE_CODER_HEADER_SIZE) throw damagedData('LZMA', 'it is too short');
    this.#input = input;
    this.#end = end;
    this.#at = at + RANGE_CODER_HEADER_SIZE;
    this.#code = (input[at + 1]! << 24) | (input[at + 2]! << 16) | (input[at + 3]! << 8) | input[at + 4]!;
  }

  /** Whether all input was used and nothing of a symbol is left, as it must be at the end. */
  isFinished(): boolean {
    this.#normalize();
    return this.#at === this.#end && this.#code === 0;
  }

  /** One bit by its probability of being 0, which adapts. */
  bit(probabilities: Uint16Array, index: number): 0 | 1 {
    this.#normalize();
    const probability = probabilities[index]!;
    const bound = Math.imul(this.#range >>> MODEL_BITS, probability);
    if (this.#code >>> 0 < bound >>> 0) {
      this.#range = bound;
      probabilities[index] = probability + (((1 << MODEL_BITS) - probability) >> MOVE_BITS);
      return 0;
    }
    this.#range = (this.#range - bound) | 0;
    this.#code = (this.#code - bound) | 0;
    probabilities[index] = probability - (probability >> MOVE_BITS);
    return 1;
  }

  /** A number of `bits` bits, high bits first; each bit's probability depends on those before it. */
  tree(probabilities: Uint16Array, base: number, bits: number): number {
    let symbol = 1;
    for (let left = bits; left > 0; left--) {
      symbol = (symbol << 1) | this.bit(probabilities, base + symbol);
    }
    return symbol - (1 << bits);
  }

  /** As {@link tree}, low bits first. */
  reverseTree(probabilities: Uint16Array, base: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let index = 0; index < bits; index++) {
      const bit = this.bit(probabilities, base + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << index;
    }
    return value;
  }

  /** A number of `bits` bits, at most 30, that are as likely to be 0 as 1. */
  direct(bits: number): number {
    let value = 0;
    for (let left = bits; left > 0; left--) {
      this.#normalize();
      this.#range >>>= 1;
      const rest = (this.#code - this.#range) | 0;
      const bit = rest >= 0 ? 1 : 0;
      if (bit === 1) this.#code = rest;
      value = (value << 1) | bit;
    }
    return value;
  }

  #normalize(): void {
    if (this.#range >>> 0 >= TOP) return;
    if (this.#at === this.#end) throw damagedData('LZMA', 'it is cut off');
    this.#range <<= 8;
    this.#code = (this.#code << 8) | this.#input[this.#at++]!;
  }
}
