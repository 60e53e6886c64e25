/** Digests one after the other, out of verified blocks of a hash tree as they come. */
export class DigestStream {
  readonly #blocks: AsyncIterator<Uint8Array>;
  readonly #stride: number;
  #rest: Uint8Array = new Uint8Array(0);

  /**
   * @param blocks Whole blocks of one level, ascending; it may end early.
   * @param stride Bytes from one digest to the next.
   */
  constructor(blocks: AsyncIterable<Uint8Array>, stride: number) {
    this.#blocks = blocks[Symbol.asyncIterator]();
    this.#stride = stride;
  }

  /** The next `count` digests; undefined where the blocks ended. Not a copy. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const length = count * this.#stride;
    while (this.#rest.length < length) {
      const next = await this.#blocks.next();
      if (next.done) return undefined;
      this.#rest = this.#rest.length === 0 ? next.value : joined(this.#rest, next.value);
    }
    const digests = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return digests;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
