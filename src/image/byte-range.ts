import type { ByteSource, FileRange } from './byte-source.ts';

/** A part of a source, such as a partition of an image. */
export class ByteRange implements ByteSource {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #start: number;

  /** @throws RangeError unless the part lies within the source. */
  constructor(source: ByteSource, start: number, size: number) {
    if (!(start >= 0 && size >= 0 && start + size <= source.size)) {
      throw new RangeError(`bytes ${start} to ${start + size} of ${source.size}`);
    }
    this.#source = source;
    this.#start = start;
    this.size = size;
  }

  get file(): FileRange | undefined {
    const { file } = this.#source;
    return file && { descriptor: file.descriptor, offset: file.offset + this.#start };
  }

  /** @throws RangeError for bytes outside of the part, which belong to another. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    this.#check(offset, length);
    return this.#source.read(this.#start + offset, length);
  }

  /** @throws RangeError as {@link read}. */
  async readInto(offset: number, target: Uint8Array): Promise<void> {
    this.#check(offset, target.length);
    if (this.#source.readInto) await this.#source.readInto(this.#start + offset, target);
    else target.set(await this.#source.read(this.#start + offset, target.length));
  }

  #check(offset: number, length: number): void {
    if (offset >= 0 && length >= 0 && offset + length <= this.size) return;
    throw new RangeError(`bytes ${offset} to ${offset + length} of ${this.size}`);
  }
}
