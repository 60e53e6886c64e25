const PAGE_BITS = 2048;

/** A set of numbers, most of them near others: a bit for each, in pages of 2048 that are made when they are needed. */
export class SparseBits {
  readonly #pages = new Map<number, Uint32Array>();

  has(number: number): boolean {
    return this.hasAny(number, number + 1);
  }

  /** Adds a number. Whether it was not in the set before. */
  add(number: number): boolean {
    return this.addRange(number, number + 1);
  }

  /** Adds the numbers from `from` to below `to`, up to the first that is in the set already. Whether none was. */
  addRange(from: number, to: number): boolean {
    for (let number = from; number < to; number = wordEnd(number, to)) {
      const key = Math.floor(number / PAGE_BITS);
      let page = this.#pages.get(key);
      if (page === undefined) {
        page = new Uint32Array(PAGE_BITS / 32);
        this.#pages.set(key, page);
      }
      const word = (number % PAGE_BITS) >>> 5;
      const mask = maskOf(number, to);
      if ((page[word]! & mask) !== 0) return false;
      page[word] = page[word]! | mask;
    }
    return true;
  }

  /** Whether one of the numbers from `from` to below `to` is in the set. */
  hasAny(from: number, to: number): boolean {
    for (let number = from; number < to; ) {
      const key = Math.floor(number / PAGE_BITS);
      const page = this.#pages.get(key);
      const end = Math.min(to, (key + 1) * PAGE_BITS);
      if (page === undefined) number = end;
      for (; number < end; number = wordEnd(number, end)) {
        if ((page![(number % PAGE_BITS) >>> 5]! & maskOf(number, end)) !== 0) return true;
      }
    }
    return false;
  }
}

/** Where the word that a number is in ends, or the range that it is in. */
function wordEnd(number: number, to: number): number {
  return Math.min(to, number - (number % 32) + 32);
}

/** The bits, in the word that a number is in, of the numbers from it to below `to`. */
function maskOf(number: number, to: number): number {
  const count = Math.min(32, to - number);
  return (count === 32 ? -1 : (1 << count) - 1) << (number % 32);
}
