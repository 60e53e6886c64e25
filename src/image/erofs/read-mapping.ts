import { ImageError } from '../error.ts';
import { CHUNK_ADDRESS_SIZE, CHUNK_INDEX_FIELD, CHUNK_INDEX_SIZE, NO_BLOCK } from './layout.ts';
import { type FileSystemBytes, viewOf } from './read-bytes.ts';
import type { DataLocation, ErofsInode } from './read-inode.ts';

/** Chunk addresses that are read at a time. */
const TABLE_BATCH = 4096;

/** A part of an inode's content. Parts follow each other without gaps. */
export interface Extent {
  /** Bytes of content. */
  readonly length: number;
  /** Where they are in the file system, in bytes; undefined for zeros that are not stored. */
  readonly offset: number | undefined;
}

/**
 * Where the content of an inode is, from its start to its end. Every extent but the last is whole blocks and
 * every one was checked to lie in the file system.
 */
export async function* mapContent(
  bytes: FileSystemBytes,
  blockSize: number,
  inode: ErofsInode,
): AsyncGenerator<Extent> {
  const { size, data } = inode;
  if (size === 0) return;
  if (data.layout === 'chunked') {
    yield* mapChunks(bytes, blockSize, inode, data);
    return;
  }
  const what = (): string => `EROFS inode ${inode.nid}: its content`;
  const full = data.layout === 'inline' ? (Math.ceil(size / blockSize) - 1) * blockSize : size;
  if (full > 0) yield checked(bytes, { length: full, offset: data.startBlock * blockSize }, what);
  if (full < size && data.layout === 'inline') {
    yield checked(bytes, { length: size - full, offset: data.tailOffset }, what);
  }
}

async function* mapChunks(
  bytes: FileSystemBytes,
  blockSize: number,
  { nid, size }: ErofsInode,
  { chunkSize, tableOffset, hasIndexes }: Extract<DataLocation, { layout: 'chunked' }>,
): AsyncGenerator<Extent> {
  const what = (): string => `EROFS inode ${nid}: its table of chunks`;
  const unit = hasIndexes ? CHUNK_INDEX_SIZE : CHUNK_ADDRESS_SIZE;
  const count = Math.ceil(size / chunkSize);
  bytes.check(tableOffset, count * unit, what);
  for (let first = 0; first < count; first += TABLE_BATCH) {
    const batch = Math.min(TABLE_BATCH, count - first);
    const table = viewOf(await bytes.read(tableOffset + first * unit, batch * unit, what));
    for (let entry = 0; entry < batch; entry++) {
      const block = hasIndexes
        ? indexedBlock(table, entry * unit, what)
        : table.getUint32(entry * unit, true);
      const length = Math.min(chunkSize, size - (first + entry) * chunkSize);
      const offset = block === NO_BLOCK ? undefined : block * blockSize;
      yield checked(bytes, { length, offset }, () => `EROFS inode ${nid}: chunk ${first + entry}`);
    }
  }
}

function indexedBlock(table: DataView, at: number, what: () => string): number {
  const block = table.getUint32(at + CHUNK_INDEX_FIELD.block, true);
  if (block !== NO_BLOCK && table.getUint16(at + CHUNK_INDEX_FIELD.device, true) !== 0) {
    throw new ImageError('out-of-range', `${what()}: content on another device cannot be read here`);
  }
  return block;
}

function checked(bytes: FileSystemBytes, extent: Extent, what: () => string): Extent {
  if (extent.offset !== undefined) bytes.check(extent.offset, extent.length, what);
  return extent;
}
