import { MIN_MATCH } from './lz4-block.ts';

/**
 * How many bytes from two places on are the same.
 *
 * @param view The bytes, of which the first four at both places are known to be the same.
 * @param end No further than this from `later`, the second of the two places.
 */
export function matchLength(view: DataView, earlier: number, later: number, end: number): number {
  let length = MIN_MATCH;
  while (later + length + 4 <= end) {
    const difference = view.getInt32(earlier + length, true) ^ view.getInt32(later + length, true);
    if (difference !== 0) return length + ((31 - Math.clz32(difference & -difference)) >>> 3);
    length += 4;
  }
  while (later + length < end && view.getUint8(earlier + length) === view.getUint8(later + length)) length++;
  return length;
}
