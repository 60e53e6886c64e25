const PAGE_BITS = 2048;

/** A set of numbers, most of them near others: a bit for each, in pages of 2048 that are made when they are needed. */
export class SparseBits {
  readonly #pages = new Map<number, Uint32Array>();
  /** Pages outside of which there is none. */
  #firstPage = Number.POSITIVE_INFINITY;
  #lastPage = Number.NEGATIVE_INFINITY;

  has(number: number): boolean {
    return this.hasAny(number, number + 1);
  }

  /** Adds a number. Whether it was not in the set before. */
  add(number: number): boolean {
    return this.addRange(number, number + 1);
  }

  /** As {@link addUntil}. Whether none was in the set before. */
  addRange(from: number, to: number): boolean {
    return this.addUntil(from, to) === to;
  }

  /** Adds the numbers from `from` to below `to`, up to the first that is in the set already, which it returns; else `to`. */
  addUntil(from: number, to: number): number {
    for (let number = from; number < to; number = wordEnd(number, to)) {
      const page = this.#pageFor(Math.floor(number / PAGE_BITS));
      const word = (number % PAGE_BITS) >>> 5;
      const mask = maskOf(number, to);
      const known = page[word]! & mask;
      if (known === 0) {
        page[word] = page[word]! | mask;
        continue;
      }
      const end = lowest(number, known);
      if (end > number) page[word] = page[word]! | maskOf(number, end);
      return end;
    }
    return to;
  }

  /** Whether one of the numbers from `from` to below `to` is in the set. */
  hasAny(from: number, to: number): boolean {
    return this.firstIn(from, to) < to;
  }

  /** The first of the numbers from `from` to below `to` that is in the set; else `to`. */
  firstIn(from: number, to: number): number {
    const limit = Math.min(to, (this.#lastPage + 1) * PAGE_BITS);
    for (let number = Math.max(from, this.#firstPage * PAGE_BITS); number < limit; ) {
      const key = Math.floor(number / PAGE_BITS);
      const page = this.#pages.get(key);
      const end = Math.min(limit, (key + 1) * PAGE_BITS);
      if (page === undefined) number = end;
      for (; number < end; number = wordEnd(number, end)) {
        const known = page![(number % PAGE_BITS) >>> 5]! & maskOf(number, end);
        if (known !== 0) return lowest(number, known);
      }
    }
    return to;
  }

  #pageFor(key: number): Uint32Array {
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const page = new Uint32Array(PAGE_BITS / 32);
    this.#pages.set(key, page);
    this.#firstPage = Math.min(this.#firstPage, key);
    this.#lastPage = Math.max(this.#lastPage, key);
    return page;
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

/** The number of the lowest of some bits, not none, in the word that a number is in. */
function lowest(number: number, bits: number): number {
  return number - (number % 32) + 31 - Math.clz32(bits & -bits);
}
