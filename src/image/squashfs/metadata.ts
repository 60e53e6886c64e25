import type { Decompress } from '../decompressors.ts';
import { ImageError } from '../error.ts';
import type { FileSystemBytes } from '../file-system-bytes.ts';
import { decompressBlock } from './decompress.ts';
import { METADATA_BLOCK_SIZE, METADATA_HEADER_SIZE, METADATA_IS_PLAIN } from './layout.ts';

/** Blocks that are kept decompressed: 1 MiB. */
const MAX_KEPT_BLOCKS = 128;

/** A metadata block. */
interface MetadataBlock {
  readonly bytes: Uint8Array;
  /** Where the next one is in the file system. */
  readonly next: number;
}

/** A range of the file system that holds metadata blocks, one behind the other. */
export interface MetadataTable {
  readonly start: number;
  readonly end: number;
  /** What it holds, for messages. */
  readonly name: string;
}

/** Reads metadata blocks, and keeps those that were read last, since many small things are in each. */
export class Metadata {
  readonly #bytes: FileSystemBytes;
  readonly #decompress: Decompress;
  readonly #kept = new Map<number, MetadataBlock>();

  constructor(bytes: FileSystemBytes, decompress: Decompress) {
    this.#bytes = bytes;
    this.#decompress = decompress;
  }

  /**
   * The block at an offset in the file system, within a table.
   *
   * @throws ImageError
   */
  async block(table: MetadataTable, at: number): Promise<MetadataBlock> {
    const what = (): string => `SquashFS table of ${table.name}, block at ${at}`;
    if (at < table.start || at >= table.end) {
      throw new ImageError('malformed', `${what()}: it is not within ${table.start} to ${table.end}`);
    }
    const kept = this.#kept.get(at);
    if (kept !== undefined) return kept;
    const [low, high] = await this.#bytes.readNear(at, METADATA_HEADER_SIZE, what);
    const header = low! | (high! << 8);
    const size = header & ~METADATA_IS_PLAIN;
    if (size === 0 || size > METADATA_BLOCK_SIZE) {
      throw new ImageError('malformed', `${what()}: it is said to have ${size} bytes`);
    }
    const stored = await this.#bytes.readNear(at + METADATA_HEADER_SIZE, size, what);
    const isPlain = (header & METADATA_IS_PLAIN) !== 0;
    const bytes = isPlain ? stored : decompressBlock(this.#decompress, stored, METADATA_BLOCK_SIZE, what);
    const block = { bytes, next: at + METADATA_HEADER_SIZE + size };
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < MAX_KEPT_BLOCKS) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(at, block);
    return block;
  }

  /** Most bytes that a table can hold: its blocks are counted, not decompressed. */
  async capacity(table: MetadataTable): Promise<number> {
    let blocks = 0;
    for (let at = table.start; at + METADATA_HEADER_SIZE <= table.end; blocks++) {
      const [low, high] = await this.#bytes.readNear(at, METADATA_HEADER_SIZE, () => table.name);
      at += METADATA_HEADER_SIZE + ((low! | (high! << 8)) & ~METADATA_IS_PLAIN);
    }
    return blocks * METADATA_BLOCK_SIZE;
  }
}

/** A position in a table, from which bytes are read on, over the ends of blocks. */
export class MetadataCursor {
  readonly #metadata: Metadata;
  readonly #table: MetadataTable;
  #blockAt: number;
  #offset: number;

  /** @param reference Offset of a block from the table's start, times 2^16, plus an offset in the block. */
  constructor(metadata: Metadata, table: MetadataTable, reference: number) {
    this.#metadata = metadata;
    this.#table = table;
    this.#blockAt = table.start + Math.floor(reference / 0x10000);
    this.#offset = reference % 0x10000;
  }

  /** The position as a reference. */
  get reference(): number {
    return (this.#blockAt - this.#table.start) * 0x10000 + this.#offset;
  }

  /**
   * The next bytes, which may be a view.
   *
   * @param length Bounded by the caller.
   * @throws ImageError
   */
  async read(length: number): Promise<Uint8Array> {
    let { bytes, next } = await this.#metadata.block(this.#table, this.#blockAt);
    if (this.#offset > bytes.length) {
      throw new ImageError(
        'malformed',
        `SquashFS table of ${this.#table.name}, block at ${this.#blockAt}: ${this.#offset} is behind its end`,
      );
    }
    if (this.#offset + length <= bytes.length) {
      this.#offset += length;
      return bytes.subarray(this.#offset - length, this.#offset);
    }
    const result = new Uint8Array(length);
    let done = 0;
    for (;;) {
      const part = bytes.subarray(this.#offset, this.#offset + length - done);
      result.set(part, done);
      done += part.length;
      this.#offset += part.length;
      if (done === length) return result;
      this.#blockAt = next;
      this.#offset = 0;
      ({ bytes, next } = await this.#metadata.block(this.#table, next));
    }
  }
}
