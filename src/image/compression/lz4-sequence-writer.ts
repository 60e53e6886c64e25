import { LITERALS_IN_TOKEN, MATCH_IN_TOKEN, MATCH_MARGIN, MIN_MATCH } from './lz4-block.ts';

/** Bytes that are kept free for the last sequence: with so many literals, a match before it keeps its margin. */
const LAST_SEQUENCE = 1 + MATCH_MARGIN - MIN_MATCH;

/** Writes the sequences of one block. */
export class SequenceWriter {
  #input: Uint8Array = new Uint8Array(0);
  #output: Uint8Array = new Uint8Array(0);
  #at = 0;

  begin(input: Uint8Array, output: Uint8Array): void {
    this.#input = input;
    this.#output = output;
    this.#at = 0;
  }

  /**
   * Writes literals and as much of a match as leaves room for the last sequence. Returns how much that is, 0 where nothing
   * was written.
   */
  write(from: number, literals: number, distance: number, longest: number): number {
    const output = this.#output;
    let at = this.#at;
    let size = 3 + literals;
    if (literals >= LITERALS_IN_TOKEN) size += 1 + Math.trunc((literals - LITERALS_IN_TOKEN) / 255);
    const room = output.length - at - size - LAST_SEQUENCE;
    if (room < 0) return 0;
    let length = longest;
    if (length >= MATCH_IN_TOKEN && 1 + Math.trunc((length - MATCH_IN_TOKEN) / 255) > room)
      length = MATCH_IN_TOKEN - 1 + 255 * room;
    const literalsInToken = literals < LITERALS_IN_TOKEN ? literals : LITERALS_IN_TOKEN;
    const matchInToken = length < MATCH_IN_TOKEN ? length - MIN_MATCH : MATCH_IN_TOKEN - MIN_MATCH;
    output[at++] = (literalsInToken << 4) | matchInToken;
    at = this.#writeLiterals(at, from, literals);
    output[at++] = distance;
    output[at++] = distance >>> 8;
    if (length >= MATCH_IN_TOKEN) at = writeRest(output, at, length - MATCH_IN_TOKEN);
    this.#at = at;
    return length;
  }

  /** Writes as many literals as fit, up to `most`, and returns how many they are. */
  end(from: number, most: number): number {
    const output = this.#output;
    const room = output.length - this.#at - 1;
    let literals = Math.min(most, room);
    while (literals >= LITERALS_IN_TOKEN) {
      const extra = 1 + Math.trunc((literals - LITERALS_IN_TOKEN) / 255);
      if (literals + extra <= room) break;
      literals = room - extra;
    }
    output[this.#at] = Math.min(literals, LITERALS_IN_TOKEN) << 4;
    this.#at = this.#writeLiterals(this.#at + 1, from, literals);
    return literals;
  }

  get size(): number {
    return this.#at;
  }

  #writeLiterals(start: number, from: number, count: number): number {
    const output = this.#output;
    const input = this.#input;
    let at = start;
    if (count >= LITERALS_IN_TOKEN) {
      at = writeRest(output, at, count - LITERALS_IN_TOKEN);
      if (count > 32) {
        output.set(input.subarray(from, from + count), at);
        return at + count;
      }
    }
    for (let index = from; index < from + count; index++) output[at++] = input[index]!;
    return at;
  }
}

/** What a length has beyond its token: bytes of 255 and one below. */
function writeRest(output: Uint8Array, start: number, length: number): number {
  let at = start;
  let rest = length;
  for (; rest >= 255; rest -= 255) output[at++] = 255;
  output[at++] = rest;
  return at;
}
