import { LARGE_PACK, SMALL_PACK } from './compressed-layout.ts';

/** Entries of 8 bytes; or packs, first small ones, then large ones, then small ones, of so many lclusters together. */
export type IndexLocation =
  | { readonly kind: 'full'; readonly offset: number; readonly end: number }
  | {
      readonly kind: 'compact';
      readonly offset: number;
      readonly end: number;
      readonly smallBefore: number;
      readonly large: number;
      readonly lclusterBits: number;
    };

/**
 * Where the packs of a compact index are. Large packs lie at multiples of their size; small ones fill what is before and
 * behind them.
 *
 * @param offset Byte at which the index starts; only its distance from a multiple of 32 matters.
 */
export function compactIndex(
  offset: number,
  lclusters: number,
  lclusterBits: number,
  hasLargePacks: boolean,
): Extract<IndexLocation, { kind: 'compact' }> {
  const toAlignment = (LARGE_PACK.size - (offset % LARGE_PACK.size)) % LARGE_PACK.size;
  const before = (toAlignment / SMALL_PACK.size) * SMALL_PACK.lclusters;
  const hasLarge = hasLargePacks && before < lclusters;
  const smallBefore = hasLarge ? before : 0;
  const large = hasLarge ? Math.floor((lclusters - before) / LARGE_PACK.lclusters) * LARGE_PACK.lclusters : 0;
  const smallAfter = lclusters - smallBefore - large;
  const bytesOf = (count: number, pack: typeof SMALL_PACK | typeof LARGE_PACK): number =>
    Math.ceil(count / pack.lclusters) * pack.size;
  const end =
    offset + bytesOf(smallBefore, SMALL_PACK) + bytesOf(large, LARGE_PACK) + bytesOf(smallAfter, SMALL_PACK);
  return { kind: 'compact', offset, end, smallBefore, large, lclusterBits };
}
