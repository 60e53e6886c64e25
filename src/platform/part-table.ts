/*
 * The memory by which threads share the parts of a file among them: words by which they agree, the state of each part, and the
 * digests. Not a format: it lives as long as the process.
 */

/** 32-bit words, all read and written with Atomics. */
const WORD = {
  /** The next part that nobody has taken. */
  ticket: 0,
  /** The first part that may not be taken yet, since there is no room for its digests. Threads wait for it to change. */
  limit: 1,
} as const;
const WORDS_SIZE = 64;

/** Parts that may be taken before the first of them is used. A power of two. */
const WINDOW = 256;
/** Most parts that words can count. */
export const PARTS_MAX = 2 ** 31 - 1 - WINDOW;

/** Consecutive parts, from `first` to below `end`. */
export interface PartRange {
  readonly first: number;
  readonly end: number;
}

/** Whether a part is hashed; `failed`: whoever took it could not read it. */
export type PartState = 'open' | 'hashed' | 'failed';

/**
 * Parts of a file, each to be hashed by one thread, and their digests, used in their order by the one that made the table. There is
 * room for some parts only, so that memory does not grow with the file.
 */
export class PartTable {
  readonly #parts: number;
  readonly #digestsSize: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  /** Of a part in its place: its number plus one when it is hashed, the negative of that when it failed. */
  readonly #states: Int32Array<SharedArrayBuffer>;
  readonly #digests: Uint8Array<SharedArrayBuffer>;

  /** Memory for a table that nobody has begun with. */
  static allocate({ parts, digestsSize }: { parts: number; digestsSize: number }): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(WORDS_SIZE + WINDOW * (4 + digestsSize));
    new Int32Array(memory)[WORD.limit] = Math.min(parts, WINDOW);
    return memory;
  }

  /** @param parts At most {@link PARTS_MAX}. */
  constructor({
    memory,
    parts,
    digestsSize,
  }: { memory: SharedArrayBuffer; parts: number; digestsSize: number }) {
    this.#parts = parts;
    this.#digestsSize = digestsSize;
    this.#words = new Int32Array(memory, 0, WORDS_SIZE / 4);
    this.#states = new Int32Array(memory, WORDS_SIZE, WINDOW);
    this.#digests = new Uint8Array(memory, WORDS_SIZE + WINDOW * 4);
  }

  /** Some parts for whoever asks, at most `most`; undefined where none can be had now. */
  take(most: number): PartRange | undefined {
    for (;;) {
      const first = Atomics.load(this.#words, WORD.ticket);
      const end = Math.min(first + most, Atomics.load(this.#words, WORD.limit));
      if (first >= end) return undefined;
      if (Atomics.compareExchange(this.#words, WORD.ticket, first, end) === first) return { first, end };
    }
  }

  /** A part for a thread, which waits until there is one; undefined when all are taken, or it is over. */
  takeOrWait(): number | undefined {
    for (;;) {
      const limit = Atomics.load(this.#words, WORD.limit);
      const taken = this.take(1);
      if (taken !== undefined) return taken.first;
      if (Atomics.load(this.#words, WORD.ticket) >= this.#parts) return undefined;
      Atomics.wait(this.#words, WORD.limit, limit);
    }
  }

  /** Hands in the digests of a part that was taken; undefined: it could not be read. */
  finish(part: number, digests: Uint8Array | undefined): void {
    const slot = part % WINDOW;
    if (digests !== undefined) this.#digests.set(digests, slot * this.#digestsSize);
    Atomics.store(this.#states, slot, digests === undefined ? -(part + 1) : part + 1);
    Atomics.notify(this.#states, slot);
  }

  /** The state of a part that was not used yet. */
  stateOf(part: number): PartState {
    const state = Atomics.load(this.#states, part % WINDOW);
    if (state === part + 1) return 'hashed';
    return state === -(part + 1) ? 'failed' : 'open';
  }

  /** Waits until a part is hashed or failed, or {@link wake} is called. */
  async change(part: number): Promise<void> {
    const slot = part % WINDOW;
    const state = Atomics.load(this.#states, slot);
    if (this.stateOf(part) !== 'open') return;
    await Atomics.waitAsync(this.#states, slot, state).value;
  }

  /** Ends the waiting of whoever waits for a part. */
  wake(): void {
    for (let slot = 0; slot < WINDOW; slot++) Atomics.notify(this.#states, slot);
  }

  /** The digests of a part that is hashed, `length` bytes. Not a copy. */
  digestsOf(part: number, length: number): Uint8Array {
    const start = (part % WINDOW) * this.#digestsSize;
    return this.#digests.subarray(start, start + length);
  }

  /** Makes room: the digests of a part, and of all before it, are needed no more. */
  release(part: number): void {
    Atomics.store(this.#words, WORD.limit, Math.min(this.#parts, part + 1 + WINDOW));
    Atomics.notify(this.#words, WORD.limit);
  }

  /** Lets nobody take another part. */
  stop(): void {
    Atomics.store(this.#words, WORD.ticket, this.#parts);
    Atomics.store(this.#words, WORD.limit, this.#parts);
    Atomics.notify(this.#words, WORD.limit);
  }
}
