/** Memory that two threads share, in slots of the same size, which one hands to the other and gets back, in turn. Plain data. */
export interface Ring {
  readonly memory: SharedArrayBuffer;
  /** Bytes of a slot. */
  readonly slotSize: number;
  readonly slots: number;
  /** 32-bit words: how many slots were handed over so far, then for each slot the bytes that are in it. */
  readonly words: SharedArrayBuffer;
}

/** A ring whose slots have anything in them, none of them handed over. `slotSize` is in bytes. */
export function createRing(slots: number, slotSize: number): Ring {
  return {
    memory: new SharedArrayBuffer(slots * slotSize),
    slotSize,
    slots,
    words: new SharedArrayBuffer(4 * (1 + slots)),
  };
}

/** The slot that the `turn`th use is of, from 0. */
export function ringSlot({ memory, slotSize, slots }: Ring, turn: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(memory, (turn % slots) * slotSize, slotSize);
}

/** Hands the slot of the next turn to the other thread. @param length Bytes that are in it. */
export function handOver({ words, slots }: Ring, length: number): void {
  const view = new Int32Array(words);
  Atomics.store(view, 1 + (Atomics.load(view, 0) % slots), length);
  Atomics.add(view, 0, 1);
  Atomics.notify(view, 0);
}

/** Blocks the thread until the slot of a turn was handed to it. Returns the bytes that are in it. */
export function takeOver({ words, slots }: Ring, turn: number): number {
  const view = new Int32Array(words);
  for (;;) {
    const handed = Atomics.load(view, 0);
    if (handed > turn) return Atomics.load(view, 1 + (turn % slots));
    Atomics.wait(view, 0, handed);
  }
}
