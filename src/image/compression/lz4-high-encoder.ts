import {
  LAST_LITERALS,
  LITERALS_IN_TOKEN,
  LZ4_MAX_DISTANCE,
  MATCH_IN_TOKEN,
  MATCH_MARGIN,
  MIN_MATCH,
} from './lz4-block.ts';
import { hashOf, NOWHERE, WINDOW } from './lz4-hash.ts';
import { matchLength } from './lz4-match-length.ts';
import { SequenceWriter } from './lz4-sequence-writer.ts';
import type { EncodedPiece, PieceEncoder } from './piece-encoder.ts';

/** How an encoder looks for matches. */
interface Search {
  /** Candidates that are looked at for a match; 1 takes the latest only. */
  readonly depth: number;
  /** A match of so many bytes is good enough to look no further. */
  readonly enough: number;
  /** Whether the cheapest of all ways through overlapping matches is looked for. */
  readonly isOptimal: boolean;
}

/** Levels of `lz4hc`, as liblz4 counts them, from 1 on. */
const SEARCHES: readonly Search[] = [
  { depth: 2, enough: 24, isOptimal: false },
  { depth: 4, enough: 32, isOptimal: false },
  { depth: 6, enough: 32, isOptimal: false },
  { depth: 8, enough: 32, isOptimal: false },
  { depth: 12, enough: 48, isOptimal: false },
  { depth: 16, enough: 64, isOptimal: false },
  { depth: 20, enough: 64, isOptimal: false },
  { depth: 24, enough: 64, isOptimal: false },
  { depth: 48, enough: 64, isOptimal: false },
  { depth: 96, enough: 128, isOptimal: true },
  { depth: 192, enough: 256, isOptimal: true },
  { depth: 512, enough: 1024, isOptimal: true },
];
export const LZ4HC_LEVELS = { lowest: 1, highest: SEARCHES.length, usual: 9 } as const;

const HASH_BITS = 16;

/** Bytes behind the start of a piece that may be in the tables already. Beyond them it is faster to begin anew. */
const OVERLAP_MAX = 512;

/** Bytes of a stretch for which the cheapest way is looked for. */
const STRETCH_MAX = 4096;
/** Bytes of a token and a distance. */
const SEQUENCE_PRICE = 3;
const UNKNOWN_PRICE = 0x3fff_ffff;

/** Ways through a stretch, by the place they lead to. */
class Paths {
  /** Bytes that the cheapest way takes. */
  readonly prices = new Int32Array(STRETCH_MAX + 1);
  /** Literals at its end. */
  readonly literals = new Int32Array(STRETCH_MAX + 1);
  /** The match at its end: its bytes, 0 for none, and where it was found. */
  readonly lengths = new Int32Array(STRETCH_MAX + 1);
  readonly found = new Int32Array(STRETCH_MAX + 1);
  /** Places of matches, for going back. */
  readonly steps = new Int32Array(STRETCH_MAX + 1);
}

/** Compresses well: looks at many earlier places for each match (`lz4hc`). */
export class Lz4HighEncoder implements PieceEncoder {
  readonly #search: Search;
  readonly #writer = new SequenceWriter();
  /** By hash of four bytes: the last place where they were. */
  readonly #heads = new Int32Array(1 << HASH_BITS);
  /** By place modulo the window: how far before it is the last place of that hash. */
  readonly #distances = new Uint16Array(WINDOW);
  #input: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Places before it are in the tables. */
  #indexed = 0;
  readonly #paths = new Paths();
  /** Where the match that was found last begins. */
  #found = 0;

  /** @param level {@link LZ4HC_LEVELS} */
  constructor(level: number) {
    this.#search = SEARCHES[level - 1]!;
  }

  load(input: Uint8Array): void {
    this.#input = input;
    this.#view = new DataView(input.buffer, input.byteOffset, input.byteLength);
    this.#restart(0);
  }

  begin(): void {
    // What is before the start of a piece is never looked at.
  }

  #restart(at: number): void {
    this.#heads.fill(NOWHERE);
    this.#indexed = at;
  }

  encode(start: number, end: number, output: Uint8Array): EncodedPiece {
    const writer = this.#writer;
    writer.begin(this.#input, output);
    if (this.#indexed < start) this.#indexed = start;
    else if (this.#indexed > start + OVERLAP_MAX) this.#restart(start);
    const anchor = this.#search.isOptimal ? this.#parseOptimal(start, end) : this.#parseLazy(start, end);
    const length = anchor + writer.end(anchor, end - anchor) - start;
    return { length, size: writer.size };
  }

  /** Takes a match unless the next place has a longer one. Returns where what was written ends. */
  #parseLazy(start: number, end: number): number {
    const writer = this.#writer;
    const { enough } = this.#search;
    const lastMatch = end - MATCH_MARGIN;
    const matchEnd = end - LAST_LITERALS;
    const distances = this.#distances;
    let anchor = start;
    for (let at = start; at <= lastMatch; ) {
      this.#indexTo(at + 1);
      // Most bytes were nowhere before, so that there is nothing to look at.
      const isNew = at - distances[at & LZ4_MAX_DISTANCE]! < start;
      let length = isNew ? 0 : this.#longest(at, start, matchEnd, MIN_MATCH - 1);
      if (length === 0) {
        at += 1;
        continue;
      }
      let found = this.#found;
      while (length < enough && at < lastMatch) {
        const next = this.#longest(at + 1, start, matchEnd, length);
        if (next === 0) break;
        at += 1;
        length = next;
        found = this.#found;
      }
      const written = writer.write(anchor, at - anchor, at - found, length);
      if (written > 0) anchor = at + written;
      if (written < length) break;
      at = anchor;
    }
    return anchor;
  }

  /**
   * Looks for the cheapest way through stretches that matches cover without a gap. Returns where what was written ends.
   */
  #parseOptimal(start: number, end: number): number {
    const writer = this.#writer;
    const { prices, literals, lengths, found } = this.#paths;
    const { enough } = this.#search;
    const lastMatch = end - MATCH_MARGIN;
    const matchEnd = end - LAST_LITERALS;
    let anchor = start;
    for (let at = start; at <= lastMatch; ) {
      let length = this.#longest(at, start, matchEnd, MIN_MATCH - 1);
      if (length === 0) {
        at += 1;
        continue;
      }
      // Prices are of what comes after the literals that are there already.
      let last = 0;
      prices[0] = 0;
      literals[0] = at - anchor;
      lengths[0] = 0;
      for (let place = 0; ; ) {
        if (length > 0) {
          if (length >= enough || place + length >= STRETCH_MAX) {
            // Good enough to be taken without a look at what may come.
            last = place;
            break;
          }
          const price = prices[place]! + SEQUENCE_PRICE;
          for (; last < place + length; ) prices[++last] = UNKNOWN_PRICE;
          for (let part = MIN_MATCH; part <= length; part++) {
            const total =
              price + (part >= MATCH_IN_TOKEN ? 1 + Math.trunc((part - MATCH_IN_TOKEN) / 255) : 0);
            if (total >= prices[place + part]!) continue;
            prices[place + part] = total;
            literals[place + part] = 0;
            lengths[place + part] = part;
            found[place + part] = this.#found;
          }
        }
        const run = literals[place]! + 1;
        const isLonger = run >= LITERALS_IN_TOKEN && (run - LITERALS_IN_TOKEN) % 255 === 0;
        const total = prices[place]! + (isLonger ? 2 : 1);
        if (place < last && total < prices[place + 1]!) {
          prices[place + 1] = total;
          literals[place + 1] = run;
          lengths[place + 1] = 0;
        }
        place += 1;
        length = 0;
        if (place >= last) break;
        if (at + place > lastMatch) continue;
        // What is reached for less one place later is not left from here.
        if (prices[place + 1]! <= prices[place]!) continue;
        length = this.#longest(at + place, start, matchEnd, Math.max(MIN_MATCH - 1, last - place));
      }
      const reached = this.#writePath(at, last, anchor);
      anchor = reached.anchor;
      if (!reached.isWhole) break;
      if (length > 0) {
        const from = at + last;
        const written = writer.write(anchor, from - anchor, from - this.#found, length);
        if (written > 0) anchor = from + written;
        if (written < length) break;
        at = anchor;
      } else at += last;
    }
    return anchor;
  }

  /** Writes the cheapest way from a place to one `last` behind it: where the last match ends, and whether all is written. */
  #writePath(at: number, last: number, from: number): { anchor: number; isWhole: boolean } {
    const { lengths, found, steps } = this.#paths;
    let count = 0;
    for (let place = last; place > 0; ) {
      const length = lengths[place]!;
      if (length > 0) steps[count++] = place;
      place -= Math.max(1, length);
    }
    let anchor = from;
    while (count > 0) {
      const place = steps[--count]!;
      const length = lengths[place]!;
      const begin = at + place - length;
      const written = this.#writer.write(anchor, begin - anchor, begin - found[place]!, length);
      if (written > 0) anchor = begin + written;
      if (written < length) return { anchor, isWhole: false };
    }
    return { anchor, isWhole: true };
  }

  /**
   * The length of the longest match at a place, and where it is in #found; 0 where none is longer than `atLeast`.
   *
   * @param lowest Where matches may begin.
   * @param matchEnd Where they end at the latest.
   */
  #longest(at: number, lowest: number, matchEnd: number, atLeast: number): number {
    const view = this.#view;
    const distances = this.#distances;
    const { enough } = this.#search;
    let length = atLeast;
    if (at + length >= matchEnd) return 0;
    // A longer match has these four bytes too, of which the last is the first beyond.
    let last = length + 1 - MIN_MATCH;
    this.#indexTo(at + last + 1);
    // Places farther back have given theirs in the table to later ones.
    const bound = Math.max(lowest, this.#indexed - WINDOW, at - LZ4_MAX_DISTANCE);
    const bytes = view.getInt32(at, true);
    let lastBytes = view.getInt32(at + last, true);
    let offset = this.#rarest(at, last);
    let candidate = at - distances[(at + offset) & LZ4_MAX_DISTANCE]!;
    let isFound = false;
    for (let attempts = this.#search.depth; candidate >= bound && attempts > 0; attempts--) {
      if (view.getInt32(candidate + last, true) === lastBytes && view.getInt32(candidate, true) === bytes) {
        const matched = matchLength(view, candidate, at, matchEnd);
        if (matched > length) {
          length = matched;
          this.#found = candidate;
          isFound = true;
          if (length >= enough || at + length >= matchEnd) break;
          last = length + 1 - MIN_MATCH;
          lastBytes = view.getInt32(at + last, true);
          offset = this.#rarest(candidate, Math.min(length - MIN_MATCH, this.#indexed - 1 - candidate));
        }
      }
      candidate -= distances[(candidate + offset) & LZ4_MAX_DISTANCE]!;
    }
    return isFound ? length : 0;
  }

  /**
   * Where in a match its candidates are looked for: what is as long has the same bytes at every place of it, and the fewest candidates
   * have those that were not seen for longest.
   *
   * @param last As far behind `at` as the last place, which is in the tables.
   */
  #rarest(at: number, last: number): number {
    const distances = this.#distances;
    let rarest = 0;
    let farthest = 0;
    for (let offset = last; offset >= 0; offset--) {
      const distance = distances[(at + offset) & LZ4_MAX_DISTANCE]!;
      if (distance <= farthest) continue;
      farthest = distance;
      rarest = offset;
    }
    return rarest;
  }

  #indexTo(end: number): void {
    const view = this.#view;
    const heads = this.#heads;
    const distances = this.#distances;
    for (let at = this.#indexed; at < end; at++) {
      const hash = hashOf(view.getInt32(at, true), HASH_BITS);
      const distance = at - heads[hash]!;
      distances[at & LZ4_MAX_DISTANCE] = distance > LZ4_MAX_DISTANCE ? LZ4_MAX_DISTANCE : distance;
      heads[hash] = at;
    }
    if (end > this.#indexed) this.#indexed = end;
  }
}
