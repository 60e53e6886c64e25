import { type FileSystemBytes, readU64, viewOf } from '../erofs/read-bytes.ts';
import { ImageError } from '../error.ts';
import { METADATA_BLOCK_SIZE } from './layout.ts';
import { type Metadata, MetadataCursor } from './metadata.ts';

const POINTER_SIZE = 8;

/** Records of one size in metadata blocks, which an array of pointers leads to. */
export class LookupTable {
  readonly #bytes: FileSystemBytes;
  readonly #metadata: Metadata;
  readonly #pointersAt: number;
  readonly #count: number;
  readonly #recordSize: number;
  readonly #name: string;

  /**
   * @param pointersAt Where the pointers are in the file system.
   * @param count Number of records.
   * @param recordSize Bytes of each, which divide the size of a metadata block.
   * @param name What it holds, for messages.
   */
  constructor(
    bytes: FileSystemBytes,
    metadata: Metadata,
    pointersAt: number,
    count: number,
    recordSize: number,
    name: string,
  ) {
    this.#bytes = bytes;
    this.#metadata = metadata;
    this.#pointersAt = pointersAt;
    this.#count = count;
    this.#recordSize = recordSize;
    this.#name = name;
  }

  /** @throws ImageError, 'malformed' if there is no such record. */
  async record(index: number): Promise<DataView> {
    const what = (): string => `SquashFS table of ${this.#name}`;
    if (index >= this.#count) {
      throw new ImageError('malformed', `${what()}: there is no ${index}, only ${this.#count}`);
    }
    const block = Math.floor((index * this.#recordSize) / METADATA_BLOCK_SIZE);
    const pointer = await this.#bytes.readNear(this.#pointersAt + block * POINTER_SIZE, POINTER_SIZE, what);
    const start = readU64(viewOf(pointer), 0, () => `${what()}: a pointer`);
    const table = { start, end: this.#bytes.size, name: this.#name };
    const cursor = new MetadataCursor(
      this.#metadata,
      table,
      (index * this.#recordSize) % METADATA_BLOCK_SIZE,
    );
    return viewOf(await cursor.read(this.#recordSize));
  }
}
