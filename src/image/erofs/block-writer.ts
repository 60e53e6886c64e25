import { BLOCK_SIZE, type BlockSink } from '../block-sink.ts';

const CAPACITY = 1 << 20;

/** Gathers small pieces into whole blocks for a sink. */
export class BlockWriter {
  readonly #sink: BlockSink;
  readonly #buffer = new Uint8Array(CAPACITY);
  #flushed = 0;
  #used = 0;

  constructor(sink: BlockSink) {
    this.#sink = sink;
  }

  /** Bytes claimed so far. */
  get position(): number {
    return this.#flushed + this.#used;
  }

  /** The next `length` bytes, at most 512 KiB, which are zeros; to be filled before anything else is called. */
  claim(length: number): Uint8Array | Promise<Uint8Array> {
    if (this.#used + length > CAPACITY) return this.#flush().then(() => this.claim(length));
    const claimed = this.#buffer.subarray(this.#used, this.#used + length);
    this.#used += length;
    return claimed;
  }

  /** Leaves zeros up to `position`, less than a block ahead. */
  skipTo(position: number): void | Promise<void> {
    const claimed = this.claim(position - this.position);
    if (claimed instanceof Promise) return claimed.then(() => undefined);
  }

  /** Fills the last block with zeros and hands everything to the sink. */
  async end(): Promise<void> {
    await this.skipTo(Math.ceil(this.position / BLOCK_SIZE) * BLOCK_SIZE);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const whole = this.#used - (this.#used % BLOCK_SIZE);
    if (whole === 0) return;
    await this.#sink.append(this.#buffer.subarray(0, whole));
    this.#buffer.copyWithin(0, whole, this.#used);
    this.#buffer.fill(0, this.#used - whole, this.#used);
    this.#flushed += whole;
    this.#used -= whole;
  }
}
