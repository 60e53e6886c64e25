/** Walks over a stream of chunks, handing out views where it can and copies where a chunk ends too early. */
export class ByteCursor {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `count` bytes if they are at hand, without waiting. */
  takeNow(count: number): Uint8Array | undefined {
    if (this.#chunk.length < count) return undefined;
    const bytes = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(count);
    return bytes;
  }

  /** The next `count` bytes; fewer only where the stream ends. */
  async take(count: number): Promise<Uint8Array> {
    const atHand = this.takeNow(count);
    if (atHand !== undefined) return atHand;
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const piece = await this.piece(count - filled);
      if (piece === undefined) return bytes.subarray(0, filled);
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes;
  }

  /** At least one and at most `limit` of the next bytes, as they come; undefined where the stream ends. */
  async piece(limit: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return undefined;
      this.#chunk = value;
    }
    return this.takeNow(Math.min(limit, this.#chunk.length));
  }

  /** Passes over `count` bytes; how many there were. */
  async skip(count: number): Promise<number> {
    if (this.takeNow(count) !== undefined) return count;
    let skipped = 0;
    while (skipped < count) {
      const piece = await this.piece(count - skipped);
      if (piece === undefined) break;
      skipped += piece.length;
    }
    return skipped;
  }

  /** Ends the stream early. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
