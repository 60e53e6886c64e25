import type { Decompress } from '../decompressors.ts';
import { ImageError } from '../error.ts';
import { type FileSystemBytes, readU64, viewOf } from '../file-system-bytes.ts';
import { decompressBlock } from './decompress.ts';
import {
  DATA_BLOCK_SIZE_FIELD_SIZE,
  DATA_IS_PLAIN,
  DATA_SIZE_MASK,
  FRAGMENT_FIELD,
  METADATA_BLOCK_SIZE,
} from './layout.ts';
import type { LookupTable } from './lookup-table.ts';
import { type Metadata, MetadataCursor, type MetadataTable } from './metadata.ts';
import type { SquashfsInode } from './read-inode.ts';

/** Largest piece of content; a multiple of every block size. */
const PIECE_SIZE = 1 << 20;
const ZEROS = new Uint8Array(PIECE_SIZE);
/** Sizes of blocks that are read at once. */
const SIZES_AT_ONCE = METADATA_BLOCK_SIZE / DATA_BLOCK_SIZE_FIELD_SIZE;
/** Fragment blocks that are kept, since the ends of many small files are in each. */
const MAX_KEPT_FRAGMENTS = 4;

/** What content is read with. */
export interface ContentParts {
  readonly bytes: FileSystemBytes;
  readonly metadata: Metadata;
  /** The table of inodes, which the sizes of blocks are in. */
  readonly inodes: MetadataTable;
  readonly fragments: LookupTable;
  readonly decompress: Decompress;
  readonly blockSize: number;
}

/** Reads the content of files. */
export class ContentReader {
  readonly #parts: ContentParts;
  readonly #kept = new Map<number, Uint8Array>();

  constructor(parts: ContentParts) {
    this.#parts = parts;
  }

  /** The content of a file, in pieces of up to 1 MiB. A file with holes may be far larger than the image. */
  async *read({ data, nid, size, type }: SquashfsInode): AsyncGenerator<Uint8Array> {
    const what = (): string => `SquashFS inode ${nid}`;
    if (data.kind !== 'blocks') throw new ImageError('malformed', `${what()}: a ${type} has no content`);
    const { blockSize, inodes, metadata } = this.#parts;
    const sizes = new MetadataCursor(metadata, inodes, data.sizesReference);
    const tail = data.fragment === undefined ? 0 : size % blockSize;
    const end = size - tail;
    let at = data.start;
    for (let done = 0; done < end; ) {
      const count = Math.min(Math.ceil((end - done) / blockSize), SIZES_AT_ONCE);
      const list = viewOf(await sizes.read(count * DATA_BLOCK_SIZE_FIELD_SIZE));
      const perPiece = PIECE_SIZE / blockSize;
      for (let first = 0; first < count; first += perPiece) {
        const fields = Array.from({ length: Math.min(perPiece, count - first) }, (_, index) =>
          list.getUint32((first + index) * DATA_BLOCK_SIZE_FIELD_SIZE, true),
        );
        const length = Math.min(fields.length * blockSize, end - done);
        yield await this.#readBlocks(at, fields, length, what);
        for (const field of fields) at += field & DATA_SIZE_MASK;
        done += length;
      }
    }
    if (data.fragment === undefined || tail === 0) return;
    const { index, offset } = data.fragment;
    const block = await this.#fragment(index);
    if (offset + tail > block.length) {
      throw new ImageError('malformed', `${what()}: its end is not within fragment ${index}`);
    }
    yield block.subarray(offset, offset + tail);
  }

  /** Some blocks of a file, one behind the other in the file system but for holes, of `length` bytes together. */
  async #readBlocks(
    at: number,
    fields: readonly number[],
    length: number,
    what: () => string,
  ): Promise<Uint8Array> {
    const isHole = fields.every((field) => field === 0);
    if (isHole) return ZEROS.subarray(0, length);
    let storedSize = 0;
    for (const field of fields) {
      const size = field & DATA_SIZE_MASK;
      if (
        field !== 0 &&
        (size === 0 || size > this.#parts.blockSize || field > (DATA_IS_PLAIN | DATA_SIZE_MASK))
      ) {
        throw new ImageError('malformed', `${what()}: a block is said to have ${size} bytes`);
      }
      storedSize += size;
    }
    const stored = await this.#parts.bytes.read(at, storedSize, () => `${what()}: its content`);
    const content = new Uint8Array(length);
    let from = 0;
    for (const [index, field] of fields.entries()) {
      const start = index * this.#parts.blockSize;
      const expected = Math.min(this.#parts.blockSize, length - start);
      const size = field & DATA_SIZE_MASK;
      if (field !== 0) {
        const block = this.#decode(stored.subarray(from, from + size), field, expected, what);
        if (block.length !== expected) {
          throw new ImageError('malformed', `${what()}: a block has ${block.length} of ${expected} bytes`);
        }
        content.set(block, start);
      }
      from += size;
    }
    return content;
  }

  async #fragment(index: number): Promise<Uint8Array> {
    const kept = this.#kept.get(index);
    if (kept !== undefined) return kept;
    const what = (): string => `SquashFS fragment ${index}`;
    const record = await this.#parts.fragments.record(index);
    const start = readU64(record, FRAGMENT_FIELD.start, () => `${what()}: its place`);
    const field = record.getUint32(FRAGMENT_FIELD.size, true);
    const size = field & DATA_SIZE_MASK;
    if (size === 0 || size > this.#parts.blockSize) {
      throw new ImageError('malformed', `${what()}: it is said to have ${size} bytes`);
    }
    const stored = await this.#parts.bytes.read(start, size, what);
    const block = this.#decode(stored, field, this.#parts.blockSize, what);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < MAX_KEPT_FRAGMENTS) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(index, block);
    return block;
  }

  #decode(stored: Uint8Array, field: number, limit: number, what: () => string): Uint8Array {
    if ((field & DATA_IS_PLAIN) !== 0) return stored;
    return decompressBlock(this.#parts.decompress, stored, limit, () => `${what()}: a block`);
  }
}
