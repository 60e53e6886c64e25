/** Something that is worked out without waiting, but yields whenever it takes more bytes: to be resumed after {@link ByteCursor.fill}. */
export type Reading<Value> = Generator<void, Value, void>;

const NOTHING = new Uint8Array(0);

/** Walks over a stream of chunks, handing out views where it can and copies where a chunk ends too early. */
export class ByteCursor {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = NOTHING;
  /** Bytes of the chunk that were passed, and those that were not. A chunk that was passed may be gone. */
  #at = 0;
  #left = 0;
  #hasEnded = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Whether the stream has ended, and all of it was read. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Waits for the next chunk, where nothing is left of this one. */
  async fill(): Promise<void> {
    while (this.#left === 0 && !this.#hasEnded) {
      const { done, value } = await this.#chunks.next();
      if (done === true) this.#hasEnded = true;
      else {
        this.#chunk = value;
        this.#at = 0;
        this.#left = value.length;
      }
    }
  }

  /** The next `count` bytes if they are at hand, without waiting. */
  takeNow(count: number): Uint8Array | undefined {
    if (this.#left < count) return undefined;
    if (count === 0) return NOTHING;
    const start = this.#at;
    this.#pass(count);
    return this.#chunk.subarray(start, this.#at);
  }

  /** Passes over `count` bytes if they are at hand; whether they were. */
  skipNow(count: number): boolean {
    if (this.#left < count) return false;
    this.#pass(count);
    return true;
  }

  /** The next `count` bytes; fewer only where the stream ends. */
  *take(count: number): Reading<Uint8Array> {
    const atHand = this.takeNow(count);
    if (atHand !== undefined) return atHand;
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const piece = yield* this.piece(count - filled);
      if (piece === undefined) return bytes.subarray(0, filled);
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes;
  }

  /** At least one and at most `limit` of the next bytes, as they come; undefined where the stream ends. */
  *piece(limit: number): Reading<Uint8Array | undefined> {
    while (this.#left === 0) {
      if (this.#hasEnded) return undefined;
      yield;
    }
    return this.takeNow(Math.min(limit, this.#left));
  }

  /** Passes over `count` bytes; how many there were. */
  *skip(count: number): Reading<number> {
    if (this.skipNow(count)) return count;
    let skipped = 0;
    while (skipped < count) {
      const piece = yield* this.piece(count - skipped);
      if (piece === undefined) break;
      skipped += piece.length;
    }
    return skipped;
  }

  /** Does what yields whenever it takes more bytes. */
  async whole<Value>(reading: Reading<Value>): Promise<Value> {
    for (;;) {
      const { done, value } = reading.next();
      if (done === true) return value;
      await this.fill();
    }
  }

  #pass(count: number): void {
    this.#at += count;
    this.#left -= count;
  }

  /** Ends the stream early. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
