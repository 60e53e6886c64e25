import { copyIntoShared } from '../../platform/copy-into-shared.ts';

/** Memory in slots of the same size, which one thread fills and another empties, in turn. Plain data. */
export interface Ring {
  readonly memory: SharedArrayBuffer;
  /** Bytes of a slot. */
  readonly slotSize: number;
  readonly slots: number;
  /** What was filled. */
  readonly filled: Turns;
  /** What may be filled. */
  readonly emptied: Turns;
}

/** The slots that one thread handed to another: 32-bit words, how many so far, and for each the bytes that are in it. */
export type Turns = SharedArrayBuffer;

/** A ring whose slots may all be filled. `slotSize` is in bytes. */
export function createRing(slots: number, slotSize: number): Ring {
  const ring = {
    memory: new SharedArrayBuffer(slots * slotSize),
    slotSize,
    slots,
    filled: createTurns(slots),
    emptied: createTurns(slots),
  };
  for (let slot = 0; slot < slots; slot++) handOver(ring.emptied, 0);
  return ring;
}

/** The slot that the `turn`th use is of, from 0. */
export function ringSlot({ memory, slotSize, slots }: Ring, turn: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(memory, (turn % slots) * slotSize, slotSize);
}

/** Hands the slot of the next turn over. @param length Bytes that are in it. */
export function handOver(turns: Turns, length: number): void {
  const words = new Int32Array(turns);
  words[lengthAt(words, Atomics.load(words, 0))] = length;
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
}

/** Fills the slots of a ring with a stream, each to its end but for the last. */
export class RingFiller {
  readonly #ring: Ring;
  /** The slot of {@link turn}, once it may be filled. */
  #slot: Uint8Array<SharedArrayBuffer> | undefined;
  #filled = 0;
  #turn = 0;

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  /** The turn whose slot is filled next. */
  get turn(): number {
    return this.#turn;
  }

  /** Copies bytes into the ring. Yields before each slot, to be resumed when that of {@link turn} was emptied. */
  *add(bytes: Uint8Array): Generator<void, void, void> {
    for (let taken = 0; taken < bytes.length; ) {
      if (this.#slot === undefined) {
        yield;
        this.#slot = ringSlot(this.#ring, this.#turn);
      }
      const part = bytes.subarray(taken, taken + this.#slot.length - this.#filled);
      copyIntoShared(part, this.#slot, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === this.#slot.length) this.end();
    }
  }

  /** Hands over what is in the slot that is not full. */
  end(): void {
    if (this.#filled === 0) return;
    handOver(this.#ring.filled, this.#filled);
    this.#slot = undefined;
    this.#filled = 0;
    this.#turn += 1;
  }
}

/** The bytes in the slot of a turn; undefined where it was not handed over yet. */
export function takeNow(turns: Turns, turn: number): number | undefined {
  const words = new Int32Array(turns);
  return Atomics.load(words, 0) > turn ? words[lengthAt(words, turn)] : undefined;
}

/** Milliseconds after which is looked whether there is something to do meanwhile. */
const WAIT = 1;

/**
 * As {@link takeNow}, but keeps the thread until it was.
 *
 * @param meanwhile Does a little of what can be done meanwhile; returns whether there was any.
 */
export function takeOver(turns: Turns, turn: number, meanwhile?: () => boolean): number {
  const words = new Int32Array(turns);
  for (;;) {
    const length = takeNow(turns, turn);
    if (length !== undefined) return length;
    if (meanwhile?.() !== true) Atomics.wait(words, 0, turn, meanwhile && WAIT);
  }
}

function createTurns(slots: number): Turns {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (1 + slots));
}

function lengthAt(words: Int32Array, turn: number): number {
  return 1 + (turn % (words.length - 1));
}
