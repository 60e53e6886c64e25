import {
  BLOCK_COUNT_FLAG,
  FULL_INDEX_FIELD,
  FULL_INDEX_SIZE,
  LCLUSTER_TYPE,
  LCLUSTER_TYPE_MASK,
  PACK_ADDRESS_SIZE,
  PACKED_NUMBER_BITS,
} from './compressed-layout.ts';

/** What an index says of a logical cluster. */
export type Lcluster =
  /** In it an extent begins, at `offset`; its pcluster begins at `block`. */
  | {
      readonly isHead: true;
      readonly type: 'plain' | 'head1' | 'head2';
      readonly offset: number;
      readonly block: number;
    }
  /** It continues the extent that began `distance` or more lclusters before, whose pcluster has `blocks`, if they are told. */
  | { readonly isHead: false; readonly distance: number; readonly blocks: number | undefined };

const HEAD_TYPES = {
  [LCLUSTER_TYPE.plain]: 'plain',
  [LCLUSTER_TYPE.head1]: 'head1',
  [LCLUSTER_TYPE.head2]: 'head2',
} as const;

/** Decodes full indexes, all that are in the view. */
export function decodeFullIndexes(view: DataView): Lcluster[] {
  const found: Lcluster[] = [];
  for (let at = 0; at < view.byteLength; at += FULL_INDEX_SIZE) {
    const advise = view.getUint16(at + FULL_INDEX_FIELD.advise, true);
    const type = (advise & LCLUSTER_TYPE_MASK) as keyof typeof HEAD_TYPES | typeof LCLUSTER_TYPE.nonHead;
    if (type === LCLUSTER_TYPE.nonHead) {
      found.push(continuation(view.getUint16(at + FULL_INDEX_FIELD.distance, true)));
    } else {
      found.push({
        isHead: true,
        type: HEAD_TYPES[type],
        offset: view.getUint16(at + FULL_INDEX_FIELD.clusterOffset, true),
        block: view.getUint32(at + FULL_INDEX_FIELD.block, true),
      });
    }
  }
  return found;
}

/**
 * Decodes compact packs, all that are in the view. The pclusters of a pack's heads follow each other.
 *
 * @param hasBlockCounts Whether pclusters may have several blocks: those that have are followed by their count.
 */
export function decodePacks(
  view: DataView,
  pack: { readonly size: number; readonly lclusters: number },
  lclusterBits: number,
  hasBlockCounts: boolean,
): Lcluster[] {
  const found: Lcluster[] = [];
  for (let at = 0; at < view.byteLength; at += pack.size) {
    decodePack(view, at, pack, Math.max(lclusterBits, PACKED_NUMBER_BITS), hasBlockCounts, found);
  }
  return found;
}

function decodePack(
  view: DataView,
  at: number,
  pack: { readonly size: number; readonly lclusters: number },
  numberBits: number,
  hasBlockCounts: boolean,
  found: Lcluster[],
): void {
  const entryBits = ((pack.size - PACK_ADDRESS_SIZE) * 8) / pack.lclusters;
  const entry = (index: number): { type: number; number: number } => {
    const bit = index * entryBits;
    const value = view.getUint32(at + (bit >>> 3), true) >>> (bit & 7);
    return { type: (value >>> numberBits) & LCLUSTER_TYPE_MASK, number: value & (2 ** numberBits - 1) };
  };
  const isHead = (index: number): boolean => entry(index).type !== LCLUSTER_TYPE.nonHead;

  let nextBlock = view.getUint32(at + pack.size - PACK_ADDRESS_SIZE, true) + (hasBlockCounts ? 0 : 1);
  for (let index = 0; index < pack.lclusters; index++) {
    const { type, number } = entry(index);
    if (type !== LCLUSTER_TYPE.nonHead) {
      found.push({
        isHead: true,
        type: HEAD_TYPES[type as keyof typeof HEAD_TYPES],
        offset: number,
        block: nextBlock % 2 ** 32,
      });
      const isFollowedByCount = hasBlockCounts && index + 1 < pack.lclusters && !isHead(index + 1);
      if (!isFollowedByCount) nextBlock += 1;
      continue;
    }
    // The last one says how far it is to the next head instead; the one before it is one nearer to its own.
    const isLast = index + 1 === pack.lclusters && (number & BLOCK_COUNT_FLAG) === 0;
    const previous = isLast ? found.at(-1) : undefined;
    const continued = previous === undefined ? continuation(number) : after(previous);
    nextBlock += continued.blocks ?? 0;
    found.push(continued);
  }
}

function continuation(number: number): Extract<Lcluster, { isHead: false }> {
  if ((number & BLOCK_COUNT_FLAG) === 0) return { isHead: false, distance: number, blocks: undefined };
  return { isHead: false, distance: 1, blocks: number & ~BLOCK_COUNT_FLAG };
}

function after(previous: Lcluster): Extract<Lcluster, { isHead: false }> {
  return { isHead: false, distance: previous.isHead ? 1 : previous.distance + 1, blocks: undefined };
}
