import { ImageError } from '../error.ts';
import { type FileSystemBytes, viewOf } from '../file-system-bytes.ts';
import {
  ADVISE,
  ALGORITHMS,
  type Algorithm,
  FRAGMENT_INODE_FLAG,
  FULL_INDEX_GAP,
  FULL_INDEX_SIZE,
  LCLUSTER_BITS_MASK,
  MAP_HEADER_FIELD,
  MAP_HEADER_SIZE,
  MAX_LCLUSTER_BITS,
} from './compressed-layout.ts';
import { compactIndex, type IndexLocation } from './index-location.ts';
import { FEATURE_INCOMPAT } from './layout.ts';
import type { DataLocation, ErofsInode } from './read-inode.ts';
import type { Superblock } from './read-superblock.ts';

/** How a compressed inode is stored: in clusters of its own, or as a whole in the packed inode. */
export type ClusterMap = IndexedMap | WholeFragment;

/** The content is a part of the packed inode's, from an offset on. */
export interface WholeFragment {
  readonly kind: 'fragment';
  readonly offset: number;
  /** Where the inode's metadata ends, in bytes. */
  readonly end: number;
}

/** The content is cut into logical clusters (lclusters), of which an index tells where they are. */
export interface IndexedMap {
  readonly kind: 'clusters';
  /** Bytes of an lcluster, and how many there are. */
  readonly lclusterSize: number;
  readonly lclusters: number;
  /** Where the index is in the file system, and how its entries are stored. */
  readonly index: IndexLocation;
  /** Whether pclusters of the first and of the second algorithm, and plain ones, may have several blocks. */
  readonly isBig: { readonly head1: boolean; readonly head2: boolean };
  readonly algorithms: { readonly head1: Algorithm; readonly head2: Algorithm };
  /** Whether plain clusters are interlaced. */
  readonly isInterlaced: boolean;
  /** What the last extent is instead of blocks. */
  readonly tail:
    | { readonly kind: 'inline'; readonly offset: number; readonly size: number }
    | { readonly kind: 'fragment'; readonly lowOffset: number }
    | undefined;
  /** Where the inode's metadata ends, in bytes. */
  readonly end: number;
}

/**
 * Reads how a compressed inode is stored.
 *
 * @throws ImageError ('malformed', or 'out-of-range' for what is not known here).
 */
export async function readMapHeader(
  bytes: FileSystemBytes,
  superblock: Superblock,
  { nid, size }: ErofsInode,
  { headerOffset, isCompact }: Extract<DataLocation, { layout: 'compressed' }>,
): Promise<ClusterMap> {
  const what = (): string => `EROFS inode ${nid}: how it is compressed`;
  const malformed = (cause: string): ImageError => new ImageError('malformed', `${what()}: ${cause}`);
  const header = viewOf(await bytes.readNear(headerOffset, MAP_HEADER_SIZE, what));
  const clusterBits = header.getUint8(MAP_HEADER_FIELD.clusterBits);
  if ((clusterBits & FRAGMENT_INODE_FLAG) !== 0) {
    const offset = header.getBigUint64(0, true) & ~(1n << 63n);
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('its fragment is out of reach');
    return { kind: 'fragment', offset: Number(offset), end: headerOffset + MAP_HEADER_SIZE };
  }

  const advise = header.getUint16(MAP_HEADER_FIELD.advise, true);
  const has = (flag: number): boolean => (advise & flag) !== 0;
  const isBig = { head1: has(ADVISE.bigPcluster1), head2: has(ADVISE.bigPcluster2) };
  if (
    (isBig.head1 || isBig.head2) &&
    (superblock.featureIncompat & FEATURE_INCOMPAT.compressionConfigs) === 0
  )
    throw malformed('it has big pclusters, the file system has none');
  if (isCompact && isBig.head1 !== isBig.head2)
    throw malformed('only one of its algorithms has big pclusters');
  if (has(ADVISE.inlinePcluster) && has(ADVISE.fragmentPcluster))
    throw malformed('its end is both inline and a fragment');

  const lclusterBits = Math.log2(superblock.blockSize) + (clusterBits & LCLUSTER_BITS_MASK);
  const lclusterSize = 2 ** lclusterBits;
  const lclusters = Math.ceil(size / lclusterSize);
  const hasLargePacks = has(ADVISE.compacted2B);
  if (isCompact && lclusterBits > (hasLargePacks ? MAX_LCLUSTER_BITS.large : MAX_LCLUSTER_BITS.small)) {
    throw new ImageError(
      'out-of-range',
      `${what()}: lclusters of 2^${lclusterBits} bytes in compact indexes`,
    );
  }
  const index = isCompact
    ? compactIndex(headerOffset + MAP_HEADER_SIZE, lclusters, lclusterBits, hasLargePacks)
    : fullIndex(headerOffset + MAP_HEADER_SIZE + FULL_INDEX_GAP, lclusters);
  bytes.check(index.offset, index.end - index.offset, what);

  const numbers = header.getUint8(MAP_HEADER_FIELD.algorithms);
  const inlineSize = has(ADVISE.inlinePcluster) ? header.getUint16(MAP_HEADER_FIELD.inlineSize, true) : 0;
  if (has(ADVISE.inlinePcluster)) {
    const isWithinBlock = (index.end % superblock.blockSize) + inlineSize <= superblock.blockSize;
    if (inlineSize === 0 || !isWithinBlock)
      throw malformed(`an inline end of ${inlineSize} bytes at ${index.end}`);
    bytes.check(index.end, inlineSize, what);
  }
  return {
    kind: 'clusters',
    lclusterSize,
    lclusters,
    index,
    isBig,
    algorithms: { head1: algorithm(numbers & 15, what), head2: algorithm(numbers >>> 4, what) },
    isInterlaced: has(ADVISE.interlacedPcluster),
    tail: has(ADVISE.inlinePcluster)
      ? { kind: 'inline', offset: index.end, size: inlineSize }
      : has(ADVISE.fragmentPcluster)
        ? { kind: 'fragment', lowOffset: header.getUint32(MAP_HEADER_FIELD.fragmentOffset, true) }
        : undefined,
    end: index.end + inlineSize,
  };
}

function algorithm(number: number, what: () => string): Algorithm {
  const found = ALGORITHMS[number];
  if (found !== undefined) return found;
  throw new ImageError('out-of-range', `${what()}: compression algorithm ${number} is not known here`);
}

function fullIndex(offset: number, lclusters: number): IndexLocation {
  return { kind: 'full', offset, end: offset + lclusters * FULL_INDEX_SIZE };
}
