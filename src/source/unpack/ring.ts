/** Memory that two threads share, in slots of the same size, which are filled and emptied in turn. Plain data. */
export interface Ring {
  readonly memory: SharedArrayBuffer;
  /** Bytes of a slot. */
  readonly slotSize: number;
  readonly slots: number;
}

/** A ring whose slots have anything in them. `slotSize` is in bytes. */
export function createRing(slots: number, slotSize: number): Ring {
  return { memory: new SharedArrayBuffer(slots * slotSize), slotSize, slots };
}

/** The slot that the `turn`th use is of, from 0. */
export function ringSlot({ memory, slotSize, slots }: Ring, turn: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(memory, (turn % slots) * slotSize, slotSize);
}

/** Fills the slots of a ring with a stream, each to its end but for the last. */
export class RingFiller {
  readonly #ring: Ring;
  readonly #claim: () => Promise<void>;
  readonly #hand: (length: number) => void;
  #turn = 0;
  #slot: Uint8Array | undefined;
  #filled = 0;

  /**
   * @param claim Waits until the next slot can be filled.
   * @param hand Hands a slot over that holds so many bytes.
   */
  constructor(ring: Ring, claim: () => Promise<void>, hand: (length: number) => void) {
    this.#ring = ring;
    this.#claim = claim;
    this.#hand = hand;
  }

  /** Copies bytes into the ring. */
  async add(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length; ) {
      if (this.#slot === undefined) {
        await this.#claim();
        this.#slot = ringSlot(this.#ring, this.#turn++);
      }
      const part = bytes.subarray(taken, taken + this.#slot.length - this.#filled);
      this.#slot.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === this.#slot.length) this.end();
    }
  }

  /** Hands over what is in the slot that is not full. */
  end(): void {
    if (this.#filled > 0) this.#hand(this.#filled);
    this.#slot = undefined;
    this.#filled = 0;
  }
}
