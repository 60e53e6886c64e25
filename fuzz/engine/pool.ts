import type { Random } from './random.ts';

/** Bytes of inputs that are kept; with the rest of the process they stay far below what a reader may take. */
const TOTAL_MAX = 16 * 1024 * 1024;
/** How many of the inputs kept last are mutated as often as all others together. */
const RECENT = 16;

/** The inputs that reached something, to be mutated further. */
export class Pool {
  readonly #inputs: Uint8Array[] = [];
  #total = 0;

  get size(): number {
    return this.#inputs.length;
  }

  /** Keeps an input; the oldest go where there are too many. */
  add(input: Uint8Array): void {
    this.#inputs.push(input);
    this.#total += input.length;
    while (this.#total > TOTAL_MAX && this.#inputs.length > 1) this.#total -= this.#inputs.shift()!.length;
  }

  /** One of the inputs, the newer and the shorter the rather; an empty one if there is none. */
  pick(random: Random): Uint8Array {
    const candidates = random.oneIn(2) ? this.#inputs.slice(-RECENT) : this.#inputs;
    if (candidates.length === 0) return new Uint8Array(0);
    const [one, other] = [random.pick(candidates), random.pick(candidates)];
    return random.oneIn(2) && other.length < one.length ? other : one;
  }
}
