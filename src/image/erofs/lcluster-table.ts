import { type FileSystemBytes, viewOf } from '../file-system-bytes.ts';
import { FULL_INDEX_SIZE, LARGE_PACK, SMALL_PACK } from './compressed-layout.ts';
import { decodeFullIndexes, decodePacks, type Lcluster } from './lclusters.ts';
import type { IndexedMap } from './read-map-header.ts';

/** Lclusters that are read at a time; a multiple of what packs hold. */
const BATCH = 512;

/** Consecutive lclusters, from number `first` on. */
export interface LclusterBatch {
  readonly first: number;
  readonly lclusters: readonly Lcluster[];
}

/** The index of a compressed inode, of which the batch that was read last is kept. */
export class LclusterTable {
  readonly #bytes: FileSystemBytes;
  readonly #map: IndexedMap;
  readonly #what: () => string;
  #batch: LclusterBatch = { first: 0, lclusters: [] };

  constructor(bytes: FileSystemBytes, map: IndexedMap, what: () => string) {
    this.#bytes = bytes;
    this.#map = map;
    this.#what = what;
  }

  /** A batch that has an lcluster, which must be one of the inode's. @throws ImageError */
  async batchWith(lcluster: number): Promise<LclusterBatch> {
    const { first, lclusters } = this.#batch;
    if (lcluster >= first && lcluster < first + lclusters.length) return this.#batch;
    this.#batch = await this.#read(lcluster);
    return this.#batch;
  }

  async #read(lcluster: number): Promise<LclusterBatch> {
    const { index, lclusters: count, isBig } = this.#map;
    if (index.kind === 'full') {
      const first = lcluster - (lcluster % BATCH);
      const size = Math.min(BATCH, count - first) * FULL_INDEX_SIZE;
      const entries = await this.#bytes.readNear(index.offset + first * FULL_INDEX_SIZE, size, this.#what);
      return { first, lclusters: decodeFullIndexes(viewOf(entries)) };
    }
    const { smallBefore, large } = index;
    const largeOffset = index.offset + (smallBefore / SMALL_PACK.lclusters) * SMALL_PACK.size;
    const parts = [
      { from: 0, to: smallBefore, offset: index.offset, pack: SMALL_PACK },
      { from: smallBefore, to: smallBefore + large, offset: largeOffset, pack: LARGE_PACK },
      {
        from: smallBefore + large,
        to: count,
        offset: largeOffset + (large / LARGE_PACK.lclusters) * LARGE_PACK.size,
        pack: SMALL_PACK,
      },
    ];
    const { from, to, offset, pack } = parts.find((part) => lcluster < part.to)!;
    const first = lcluster - ((lcluster - from) % BATCH);
    const packs = Math.ceil(Math.min(BATCH, to - first) / pack.lclusters);
    const start = offset + ((first - from) / pack.lclusters) * pack.size;
    const entries = await this.#bytes.readNear(start, packs * pack.size, this.#what);
    const lclusters = decodePacks(viewOf(entries), pack, index.lclusterBits, isBig.head1);
    // The last pack may have more entries than there are lclusters.
    return { first, lclusters: lclusters.slice(0, to - first) };
  }
}
