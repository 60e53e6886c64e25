import { ImageError } from '../error.ts';
import { type FileSystemBytes, readU64, viewOf } from '../file-system-bytes.ts';
import { METADATA_BLOCK_SIZE } from './layout.ts';
import { type Metadata, MetadataCursor } from './metadata.ts';

const POINTER_SIZE = 8;

/** Records of one size in metadata blocks, which an array of pointers leads to. */
export interface LookupTableLayout {
  /** Where the pointers are in the file system. */
  readonly pointersAt: number;
  /** Number of records. */
  readonly count: number;
  /** Bytes of each, which divide the size of a metadata block. */
  readonly recordSize: number;
  /** What it holds, for messages. */
  readonly name: string;
}

/** Reads the records of a table by their index. */
export class LookupTable {
  readonly #bytes: FileSystemBytes;
  readonly #metadata: Metadata;
  readonly #layout: LookupTableLayout;

  constructor(bytes: FileSystemBytes, metadata: Metadata, layout: LookupTableLayout) {
    this.#bytes = bytes;
    this.#metadata = metadata;
    this.#layout = layout;
  }

  /** @throws ImageError, 'malformed' if there is no such record. */
  async record(index: number): Promise<DataView> {
    const { count, name, pointersAt, recordSize } = this.#layout;
    const what = (): string => `SquashFS table of ${name}`;
    if (index >= count) throw new ImageError('malformed', `${what()}: there is no ${index}, only ${count}`);
    const at = index * recordSize;
    const pointerAt = pointersAt + Math.floor(at / METADATA_BLOCK_SIZE) * POINTER_SIZE;
    const pointer = await this.#bytes.readNear(pointerAt, POINTER_SIZE, what);
    const start = readU64(viewOf(pointer), 0, () => `${what()}: a pointer`);
    const table = { start, end: this.#bytes.size, name };
    const cursor = new MetadataCursor(this.#metadata, table, at % METADATA_BLOCK_SIZE);
    return viewOf(await cursor.read(recordSize));
  }
}
