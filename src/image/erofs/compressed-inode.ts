import { BLOCK_SIZE } from '../block-sink.ts';
import { ADVISE, ALGORITHMS, MAP_HEADER_FIELD, MAP_HEADER_SIZE } from './compressed-layout.ts';
import { COMPRESSION_METHODS, type CompressionSettings, hasBigClusters } from './compression-settings.ts';
import { compactIndex, type IndexLocation } from './index-location.ts';
import { EXTENDED_INODE_SIZE } from './layout.ts';
import type { StoredFile } from './tree.ts';

/** Log2 of an lcluster's bytes. */
const LCLUSTER_BITS = Math.log2(BLOCK_SIZE);
/** Distances from a multiple of 32 that an index may start at: the map header is at a multiple of 8. */
const INDEX_ALIGNMENTS = [0, 8, 16, 24] as const;

/** Where the map header of a compressed inode is, counted from the inode: behind the attributes. */
export function mapHeaderOffset(head: number): number {
  return Math.ceil(head / MAP_HEADER_SIZE) * MAP_HEADER_SIZE;
}

/** Where the index is, counted from the inode, which is at a multiple of 32. */
export function indexOf(size: number, head: number): Extract<IndexLocation, { kind: 'compact' }> {
  const lclusters = Math.ceil(size / BLOCK_SIZE);
  return compactIndex(mapHeaderOffset(head) + MAP_HEADER_SIZE, lclusters, LCLUSTER_BITS, true);
}

/**
 * Most bytes of content that surely have room in the block of the inode, behind its index; 0 for none.
 *
 * @param xattrSize Most bytes that its attributes take.
 */
export function compressedTailLimit(size: number, xattrSize: number): number {
  const start = mapHeaderOffset(EXTENDED_INODE_SIZE + xattrSize) + MAP_HEADER_SIZE;
  const lclusters = Math.ceil(size / BLOCK_SIZE);
  const indexes = INDEX_ALIGNMENTS.map(
    (offset) => compactIndex(offset, lclusters, LCLUSTER_BITS, true).end - offset,
  );
  return Math.max(0, BLOCK_SIZE - start - Math.max(...indexes));
}

/** Writes the map header of a compressed file to zeros. */
export function writeMapHeader(
  target: Uint8Array,
  { placement }: StoredFile,
  settings: CompressionSettings,
): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const tailSize = placement.layout === 'compressed' ? (placement.tail?.size ?? 0) : 0;
  let advise: number = ADVISE.compacted2B;
  if (hasBigClusters(settings)) advise |= ADVISE.bigPcluster1 | ADVISE.bigPcluster2;
  if (tailSize > 0) {
    advise |= ADVISE.inlinePcluster;
    view.setUint16(MAP_HEADER_FIELD.inlineSize, tailSize, true);
  }
  view.setUint16(MAP_HEADER_FIELD.advise, advise, true);
  const { algorithm } = COMPRESSION_METHODS[settings.method];
  view.setUint8(MAP_HEADER_FIELD.algorithms, ALGORITHMS.indexOf(algorithm));
}
