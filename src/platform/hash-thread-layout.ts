/*
 * The memory that hash threads share: words by which they agree who hashes what, then the salt, the blocks and their
 * digests. Not a format: it lives as long as the process.
 */

/** 32-bit words, all read and written with Atomics. */
export const WORD = {
  /** Counts the runs that were handed out; threads wait for it to change. */
  generation: 0,
  /**
   * Which run is going on, and its next part that nobody has taken, in one word: a part can then only be taken by who
   * knows which run it is of. See {@link ticketOf}.
   */
  ticket: 1,
  /** Parts that are hashed. */
  partsDone: 2,
  /** Parts that the run has. */
  parts: 3,
  /** Bytes in a block. */
  blockSize: 4,
  /** Blocks in the run. */
  blocks: 5,
  /** Blocks in every part but the last. */
  blocksPerPart: 6,
  saltSize: 7,
} as const;

/** Bits of a ticket that tell the part. */
const PART_BITS = 12;
/** A part that no run has: a ticket with it tells that no run is going on. */
const NO_PART = 2 ** PART_BITS - 1;
/** Most parts of a run, so that every thread may ask for one more than there are. */
export const PARTS_MAX = NO_PART - 64;

/** The ticket of a part. Runs are told apart by the last 20 bits of their count, more than one thread can oversleep. */
export function ticketOf(generation: number, part: number = NO_PART): number {
  return (generation << PART_BITS) | part;
}

/** The part of a ticket, which the run need not have. */
export function partOf(ticket: number): number {
  return ticket & NO_PART;
}

/** Bytes of the words. */
const WORDS_SIZE = 64;
const SALT_MAX = 256;
/** Longest run, in bytes; longer ones are cut. */
export const RUN_MAX = 4 * 1024 * 1024;
/** The shortest blocks of a hash tree have 512 bytes, the longest digests 64. */
const DIGESTS_MAX = (RUN_MAX / 512) * 64;

/** The parts of the shared memory. */
export interface SharedRun {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly salt: Uint8Array<SharedArrayBuffer>;
  readonly data: Uint8Array<SharedArrayBuffer>;
  readonly digests: Uint8Array<SharedArrayBuffer>;
}

/** Memory for {@link sharedRun}. */
export function allocateShared(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS_SIZE + SALT_MAX + RUN_MAX + DIGESTS_MAX);
}

/** The parts of shared memory. */
export function sharedRun(memory: SharedArrayBuffer): SharedRun {
  return {
    words: new Int32Array(memory, 0, WORDS_SIZE / 4),
    salt: new Uint8Array(memory, WORDS_SIZE, SALT_MAX),
    data: new Uint8Array(memory, WORDS_SIZE + SALT_MAX, RUN_MAX),
    digests: new Uint8Array(memory, WORDS_SIZE + SALT_MAX + RUN_MAX, DIGESTS_MAX),
  };
}
