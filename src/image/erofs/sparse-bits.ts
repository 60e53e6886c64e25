/** Bits of a page: those of the inode slots in 64 KiB. */
const PAGE_BITS = 2048;

/** A set of numbers, most of them near others, as of inode slots that are in use: a bit each, and some bytes a page. */
export class SparseBits {
  readonly #pages = new Map<number, Uint32Array>();

  has(number: number): boolean {
    const page = this.#pages.get(Math.floor(number / PAGE_BITS));
    return page !== undefined && (page[(number % PAGE_BITS) >>> 5]! & (1 << (number & 31))) !== 0;
  }

  /** Whether it was not in the set before. */
  add(number: number): boolean {
    const key = Math.floor(number / PAGE_BITS);
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = new Uint32Array(PAGE_BITS / 32);
      this.#pages.set(key, page);
    }
    const word = (number % PAGE_BITS) >>> 5;
    const bit = 1 << (number & 31);
    if ((page[word]! & bit) !== 0) return false;
    page[word] = page[word]! | bit;
    return true;
  }

  /** Whether one of the numbers from `from` to below `to` is in the set. */
  hasAny(from: number, to: number): boolean {
    for (let number = from; number < to; ) {
      const pageEnd = (Math.floor(number / PAGE_BITS) + 1) * PAGE_BITS;
      if (!this.#pages.has(Math.floor(number / PAGE_BITS))) number = pageEnd;
      else if (this.has(number)) return true;
      else number += 1;
    }
    return false;
  }
}
