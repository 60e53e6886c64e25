import { ImageError } from '../error.ts';
import type { FileSystemBytes } from '../file-system-bytes.ts';
import { BLOCK_COUNT_FLAG, MAX_EXTENT_SIZE, MAX_PCLUSTER_SIZE } from './compressed-layout.ts';
import type { ClusterExtent, Extent } from './extent.ts';
import { FEATURE_INCOMPAT } from './layout.ts';
import { LclusterTable } from './lcluster-table.ts';
import type { Lcluster } from './lclusters.ts';
import type { ErofsInode } from './read-inode.ts';
import type { IndexedMap } from './read-map-header.ts';
import type { Superblock } from './read-superblock.ts';

type Head = Extract<Lcluster, { isHead: true }>;

/** An extent whose end is not known yet. */
interface OpenExtent {
  readonly start: number;
  readonly lcluster: number;
  readonly head: Head;
  blocks: number;
}

/**
 * The extents of an inode in clusters of its own. The kernel finds an extent from any place in it, by the distances
 * that the lclusters tell; where these lead elsewhere than to the head before, the inode is malformed.
 */
export class ClusterMapping {
  readonly #bytes: FileSystemBytes;
  readonly #superblock: Superblock;
  readonly #inode: ErofsInode;
  readonly #map: IndexedMap;
  readonly #table: LclusterTable;

  constructor(bytes: FileSystemBytes, superblock: Superblock, inode: ErofsInode, map: IndexedMap) {
    this.#bytes = bytes;
    this.#superblock = superblock;
    this.#inode = inode;
    this.#map = map;
    this.#table = new LclusterTable(bytes, map, () => this.#what());
  }

  /** The extents from the one that has byte `from` of the content on, which is one of the inode's. @throws ImageError */
  async *extents(from = 0): AsyncGenerator<Extent> {
    const { lclusterSize, lclusters } = this.#map;
    let open: OpenExtent | undefined;
    for (let lcluster = await this.#headBefore(from); lcluster < lclusters; ) {
      const batch = await this.#table.batchWith(lcluster);
      for (; lcluster < batch.first + batch.lclusters.length; lcluster++) {
        const found = batch.lclusters[lcluster - batch.first]!;
        if (!found.isHead) {
          this.#continue(open, lcluster, found);
          continue;
        }
        const start = lcluster * lclusterSize + found.offset;
        if (found.offset >= lclusterSize || start > this.#inode.size)
          throw this.#malformed(`lcluster ${lcluster} begins an extent beyond its end`);
        if (open === undefined && start > from) throw this.#malformed('its first bytes are in no extent');
        // A head at the end of the content only marks it.
        if (start === this.#inode.size) continue;
        if (open !== undefined) yield this.#close(open, start, false);
        open = { start, lcluster, head: found, blocks: 1 };
      }
    }
    if (open !== undefined) yield this.#close(open, this.#inode.size, true);
  }

  /** The lcluster with the head of the extent that has a byte, as the distances tell it. */
  async #headBefore(offset: number): Promise<number> {
    const { lclusterSize } = this.#map;
    const last = Math.floor(offset / lclusterSize);
    let lcluster = last;
    while (lcluster > 0) {
      if ((last - lcluster - 1) * lclusterSize > MAX_EXTENT_SIZE)
        throw this.#malformed(`byte ${offset} is too far from the head of its extent`);
      const batch = await this.#table.batchWith(lcluster);
      const found = batch.lclusters[lcluster - batch.first]!;
      if (found.isHead && lcluster * lclusterSize + found.offset <= offset) return lcluster;
      const distance = found.isHead ? 1 : found.distance;
      if (distance === 0 || distance > lcluster)
        throw this.#malformed(`lcluster ${lcluster} continues what is ${distance} before it`);
      lcluster -= distance;
    }
    return 0;
  }

  /** Takes note of an lcluster that belongs to the extent before it. */
  #continue(open: OpenExtent | undefined, lcluster: number, found: Exclude<Lcluster, Head>): void {
    if (open === undefined) throw this.#malformed(`lcluster ${lcluster} continues nothing`);
    const { distance, blocks } = found;
    const actual = lcluster - open.lcluster;
    // Greater distances than can be stored are told as the greatest; block addresses in compact indexes depend on the others.
    const isRight =
      this.#map.index.kind === 'full' || distance >= BLOCK_COUNT_FLAG - 1
        ? distance >= 1 && distance <= actual
        : distance === actual;
    if (!isRight) throw this.#malformed(`lcluster ${lcluster} is ${actual} after its head, not ${distance}`);
    if (blocks === undefined) return;
    if (actual !== 1 || !this.#isBig(open.head))
      throw this.#malformed(`lcluster ${lcluster} tells a number of blocks (${blocks}) that cannot be`);
    open.blocks = blocks;
  }

  #isBig({ type }: Head): boolean {
    return type === 'head1' ? this.#map.isBig.head1 : this.#map.isBig.head2;
  }

  #close({ start, head, blocks }: OpenExtent, end: number, isLast: boolean): Extent {
    const { tail, isInterlaced, algorithms, index } = this.#map;
    const { blockSize } = this.#superblock;
    const length = end - start;
    if (isLast && tail?.kind === 'fragment') {
      // Full indexes have room for the upper half of the offset.
      const high = index.kind === 'full' ? head.block : 0;
      return { kind: 'fragment', start, length, offset: high * 2 ** 32 + tail.lowOffset };
    }
    const encoding = head.type === 'plain' ? 'plain' : algorithms[head.type];
    const isInline = isLast && tail?.kind === 'inline';
    const extent: ClusterExtent = {
      kind: 'cluster',
      start,
      length,
      offset: isInline ? tail.offset : head.block * blockSize,
      size: isInline ? tail.size : blocks * blockSize,
      encoding,
      rotation: encoding === 'plain' && isInterlaced ? start % blockSize : undefined,
    };
    this.#check(extent);
    return extent;
  }

  #check({ start, length, offset, size, encoding }: ClusterExtent): void {
    const { featureIncompat, algorithms } = this.#superblock;
    if (size === 0) throw this.#malformed(`the cluster of byte ${start} has no blocks`);
    if (size > MAX_PCLUSTER_SIZE || length > MAX_EXTENT_SIZE) {
      throw new ImageError(
        'out-of-range',
        `${this.#what()}: ${length} bytes at ${start} from a cluster of ${size}, more than Linux reads`,
      );
    }
    if (encoding === 'plain') {
      if (length > size)
        throw this.#malformed(`${length} bytes at ${start} are in ${size} without compression`);
    } else if (
      (featureIncompat & FEATURE_INCOMPAT.compressionConfigs) !== 0
        ? !algorithms.includes(encoding)
        : encoding !== 'lz4'
    ) {
      throw this.#malformed(`it uses ${encoding}, the file system does not`);
    }
    this.#bytes.check(offset, size, () => `${this.#what()}: the cluster of byte ${start}`);
  }

  #malformed(cause: string): ImageError {
    return new ImageError('malformed', `${this.#what()}: ${cause}`);
  }

  #what(): string {
    return `EROFS inode ${this.#inode.nid}: its clusters`;
  }
}
