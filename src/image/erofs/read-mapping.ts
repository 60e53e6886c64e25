import { ImageError } from '../error.ts';
import { type FileSystemBytes, viewOf } from '../file-system-bytes.ts';
import type { Extent, StoredExtent } from './extent.ts';
import { CHUNK_ADDRESS_SIZE, CHUNK_INDEX_FIELD, CHUNK_INDEX_SIZE, NO_BLOCK } from './layout.ts';
import { ClusterMapping } from './read-cluster-mapping.ts';
import type { DataLocation, ErofsInode } from './read-inode.ts';
import { readMapHeader } from './read-map-header.ts';
import type { Superblock } from './read-superblock.ts';

/** Chunk addresses that are read at a time. */
const TABLE_BATCH = 4096;

/**
 * Where the content of an inode is, from its start to its end. Every extent was checked to lie in the file system,
 * but for fragments.
 *
 * @throws ImageError ('malformed', or 'out-of-range' for what is not known here).
 */
export async function* mapContent(
  bytes: FileSystemBytes,
  superblock: Superblock,
  inode: ErofsInode,
): AsyncGenerator<Extent> {
  const { size, data } = inode;
  if (size === 0) return;
  const { blockSize } = superblock;
  if (data.layout === 'chunked') {
    yield* mapChunks(bytes, blockSize, inode, data);
    return;
  }
  if (data.layout === 'compressed') {
    const map = await readMapHeader(bytes, superblock, inode, data);
    if (map.kind === 'fragment') yield { kind: 'fragment', start: 0, length: size, offset: map.offset };
    else yield* new ClusterMapping(bytes, superblock, inode, map).extents();
    return;
  }
  const what = (): string => `EROFS inode ${inode.nid}: its content`;
  const full = data.layout === 'inline' ? (Math.ceil(size / blockSize) - 1) * blockSize : size;
  if (full > 0)
    yield checked(
      bytes,
      { kind: 'stored', start: 0, length: full, offset: data.startBlock * blockSize },
      what,
    );
  if (full < size && data.layout === 'inline') {
    yield checked(bytes, { kind: 'stored', start: full, length: size - full, offset: data.tailOffset }, what);
  }
}

/** Where the metadata of an inode ends, in bytes: inode, attributes, index or table, and content that is inline. @throws ImageError */
export async function metadataEnd(
  bytes: FileSystemBytes,
  superblock: Superblock,
  inode: ErofsInode,
): Promise<number> {
  const { size, data, xattrArea } = inode;
  const end = xattrArea.offset + xattrArea.size;
  switch (data.layout) {
    case 'plain':
      return end;
    case 'inline':
      return data.tailOffset + size - (Math.ceil(size / superblock.blockSize) - 1) * superblock.blockSize;
    case 'chunked':
      return (
        data.tableOffset +
        Math.ceil(size / data.chunkSize) * (data.hasIndexes ? CHUNK_INDEX_SIZE : CHUNK_ADDRESS_SIZE)
      );
    case 'compressed':
      return (await readMapHeader(bytes, superblock, inode, data)).end;
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
      const start = (first + entry) * chunkSize;
      const length = Math.min(chunkSize, size - start);
      if (block === NO_BLOCK) yield { kind: 'hole', start, length };
      else {
        const extent = { kind: 'stored', start, length, offset: block * blockSize } as const;
        yield checked(bytes, extent, () => `EROFS inode ${nid}: chunk ${first + entry}`);
      }
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

function checked(bytes: FileSystemBytes, extent: StoredExtent, what: () => string): StoredExtent {
  bytes.check(extent.offset, extent.length, what);
  return extent;
}
