import { LZ4_MAX_DISTANCE } from './lz4-block.ts';

/** Places from which a match can be reached, and that of the match itself. */
export const WINDOW = LZ4_MAX_DISTANCE + 1;
/** Where no position hashes to: farther before the input than any match reaches. */
export const NOWHERE = -WINDOW - 1;

/** Knuth's multiplicative hash: 2^32 divided by the golden ratio. */
const MULTIPLIER = -1640531535;

/** The hash of four bytes, of so many bits. */
export function hashOf(bytes: number, bits: number): number {
  return Math.imul(bytes, MULTIPLIER) >>> (32 - bits);
}
