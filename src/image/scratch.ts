/**
 * An append-only store for bytes that are needed again before an image is complete, such as the tails of
 * files: their place in the image is known only when every name is known.
 *
 * {@link MemoryScratch} keeps all of it; the host side has one that spills to a temporary file.
 */
export interface Scratch {
  /** Copies the bytes in and returns the offset under which they can be read. */
  append(bytes: Uint8Array): number | Promise<number>;
  /** Reads back `length` bytes appended at `offset`, within one append. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}

const CHUNK_SIZE = 1 << 20;

/** A {@link Scratch} in memory. Grows by a mebibyte at a time, so that nothing is ever moved to make room. */
export class MemoryScratch implements Scratch {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  append(bytes: Uint8Array): number {
    const offset = this.#size;
    for (let done = 0; done < bytes.length; ) {
      const within = this.#size % CHUNK_SIZE;
      if (within === 0) this.#chunks.push(new Uint8Array(CHUNK_SIZE));
      const count = Math.min(bytes.length - done, CHUNK_SIZE - within);
      this.#chunks.at(-1)!.set(bytes.subarray(done, done + count), within);
      done += count;
      this.#size += count;
    }
    return offset;
  }

  /** A view where the bytes lie in one chunk, else a copy. Throws a RangeError for what was never appended. */
  read(offset: number, length: number): Uint8Array {
    if (offset < 0 || length < 0 || offset + length > this.#size) {
      throw new RangeError(`${length} bytes at ${offset} are not within the ${this.#size} appended`);
    }
    const first = Math.floor(offset / CHUNK_SIZE);
    const within = offset % CHUNK_SIZE;
    if (length <= CHUNK_SIZE - within) {
      return this.#chunks[first]?.subarray(within, within + length) ?? new Uint8Array(0);
    }
    const bytes = new Uint8Array(length);
    for (let done = 0, chunk = first, start = within; done < length; chunk++, start = 0) {
      const part = this.#chunks[chunk]!.subarray(start, start + length - done);
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  }
}
