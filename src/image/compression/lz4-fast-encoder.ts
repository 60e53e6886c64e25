import { LAST_LITERALS, LZ4_MAX_DISTANCE, MATCH_MARGIN } from './lz4-block.ts';
import { hashOf, NOWHERE } from './lz4-hash.ts';
import { matchLength } from './lz4-match-length.ts';
import { SequenceWriter } from './lz4-sequence-writer.ts';
import type { EncodedPiece, PieceEncoder } from './piece-encoder.ts';

/** Log2 of the misses after which the fast search takes steps of one more byte. */
const STEP_BITS = 6;
const HASH_BITS = 14;

/** Compresses fast: looks at one earlier place for each match, and at fewer places where there are none (`lz4`). */
export class Lz4FastEncoder implements PieceEncoder {
  readonly #writer = new SequenceWriter();
  readonly #places = new Int32Array(1 << HASH_BITS);
  #input: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  load(input: Uint8Array): void {
    this.#input = input;
    this.#view = new DataView(input.buffer, input.byteOffset, input.byteLength);
    this.#places.fill(NOWHERE);
  }

  begin(): void {
    // What is before the start of a piece is never looked at, nor what is behind the place that is looked at.
  }

  encode(start: number, end: number, output: Uint8Array): EncodedPiece {
    const view = this.#view;
    const input = this.#input;
    const places = this.#places;
    const writer = this.#writer;
    writer.begin(input, output);
    const lastMatch = end - MATCH_MARGIN;
    const matchEnd = end - LAST_LITERALS;
    let anchor = start;
    let misses = 1 << STEP_BITS;
    for (let at = start; at <= lastMatch; ) {
      const bytes = view.getInt32(at, true);
      const hash = hashOf(bytes, HASH_BITS);
      let candidate = places[hash]!;
      places[hash] = at;
      if (
        candidate < start ||
        candidate >= at ||
        at - candidate > LZ4_MAX_DISTANCE ||
        view.getInt32(candidate, true) !== bytes
      ) {
        at += misses++ >>> STEP_BITS;
        continue;
      }
      while (at > anchor && candidate > start && input[at - 1] === input[candidate - 1]) {
        at--;
        candidate--;
      }
      const length = matchLength(view, candidate, at, matchEnd);
      const written = writer.write(anchor, at - anchor, at - candidate, length);
      if (written > 0) anchor = at + written;
      if (written < length) break;
      at = anchor;
      misses = 1 << STEP_BITS;
      if (at > lastMatch) break;
      const before = view.getInt32(at - 2, true);
      places[hashOf(before, HASH_BITS)] = at - 2;
    }
    const length = anchor + writer.end(anchor, end - anchor) - start;
    return { length, size: writer.size };
  }
}
