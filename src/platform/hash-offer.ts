import { BLOCK_SIZE } from '../image/block-sink.ts';
import { sha256Blocks } from './sha256-blocks.ts';

/**
 * Blocks that are hashed by whoever has time first: the thread that needs their digests, or another one that would only wait
 * otherwise. Plain data, so that threads can be given it. Not a format: it lives as long as the process.
 */
export interface HashOffer {
  /** Where the blocks lie. */
  readonly memory: SharedArrayBuffer;
  /** What is hashed of it, and the digests, for each of the runs of blocks that may be on offer at once; see {@link openOffer}. */
  readonly runs: readonly SharedArrayBuffer[];
}

/** A run of a {@link HashOffer} as its threads use it. */
export interface OfferedRun {
  /** 32-bit words, all read and written with Atomics; see {@link WORD}. */
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly salt: Uint8Array<SharedArrayBuffer>;
  /** Of the blocks on offer, in their order. */
  readonly digests: Uint8Array<SharedArrayBuffer>;
  readonly memory: Uint8Array<SharedArrayBuffer>;
}

export const WORD = {
  /**
   * Which blocks are on offer, and the next part of them that nobody has taken, in one word: a part can then only be taken by who
   * knows which blocks it is of. See {@link ticketOf}.
   */
  ticket: 0,
  /** Parts that are hashed. */
  partsDone: 1,
  /** Where the run begins in the memory, in blocks. */
  firstBlock: 2,
  /** Blocks of the run. */
  blocks: 3,
  /** Bytes of the salt. */
  saltSize: 4,
} as const;

/** Blocks of a part: 64 KiB, some 70 µs of work, which is as long as whoever helps is away from his own. */
const PART_BLOCKS = 16;
/** Longest run, in blocks: 4 MiB. */
export const RUN_MAX = 1024;
export const SALT_MAX = 256;
const PART_BITS = 12;
/** A part that no run has: a ticket with it tells that nothing is on offer. */
const NO_PART = 2 ** PART_BITS - 1;
const WORDS_SIZE = 64;

/** Room for blocks, in bytes, of which nothing is on offer yet; it begins with a page of memory. */
export function createOffer(size: number, runs: number): HashOffer {
  const digestsSize = RUN_MAX * sha256Blocks.digestSize;
  const createRun = (): SharedArrayBuffer => {
    const run = new SharedArrayBuffer(WORDS_SIZE + SALT_MAX + digestsSize);
    Atomics.store(new Int32Array(run), WORD.ticket, ticketOf(0, NO_PART));
    return run;
  };
  return {
    memory: new SharedArrayBuffer(size, { maxByteLength: size }),
    runs: Array.from({ length: runs }, createRun),
  };
}

/** The runs of an offer. */
export function openOffer({ memory, runs }: HashOffer): readonly OfferedRun[] {
  const all = new Uint8Array(memory);
  return runs.map((run) => ({
    words: new Int32Array(run, 0, WORDS_SIZE / Int32Array.BYTES_PER_ELEMENT),
    salt: new Uint8Array(run, WORDS_SIZE, SALT_MAX),
    digests: new Uint8Array(run, WORDS_SIZE + SALT_MAX),
    memory: all,
  }));
}

/**
 * Puts blocks on offer. All parts of those that the run was of before must be hashed.
 *
 * @param firstBlock Where they begin in the memory, in blocks.
 * @param blocks How many, at most {@link RUN_MAX}.
 */
export function offerBlocks(
  { words, salt: sharedSalt }: OfferedRun,
  salt: Uint8Array,
  firstBlock: number,
  blocks: number,
): void {
  const generation = (Atomics.load(words, WORD.ticket) >>> PART_BITS) + 1;
  // Whoever looks for a part meanwhile must find none while the words that say what to hash are changed.
  Atomics.store(words, WORD.ticket, ticketOf(generation, NO_PART));
  sharedSalt.set(salt);
  Atomics.store(words, WORD.saltSize, salt.length);
  Atomics.store(words, WORD.firstBlock, firstBlock);
  Atomics.store(words, WORD.blocks, blocks);
  Atomics.store(words, WORD.partsDone, 0);
  Atomics.store(words, WORD.ticket, ticketOf(generation, 0));
}

/** Parts that a run has. */
export function partsOf(blocks: number): number {
  return Math.ceil(blocks / PART_BLOCKS);
}

/** Hashes a part of any run that nobody has taken. Returns false where there is none. */
export function hashSomePart(runs: readonly OfferedRun[]): boolean {
  return runs.some(hashNextPart);
}

/** Hashes the next part of a run that nobody has taken. Returns false where there is none. */
export function hashNextPart({ words, salt, digests, memory }: OfferedRun): boolean {
  for (;;) {
    const ticket = Atomics.load(words, WORD.ticket);
    const part = ticket & NO_PART;
    const blocks = Atomics.load(words, WORD.blocks);
    if (part >= partsOf(blocks)) return false;
    // The words are those of the ticket's run only if the ticket is still there; they stay until this part is done.
    if (Atomics.compareExchange(words, WORD.ticket, ticket, ticket + 1) !== ticket) continue;
    const first = part * PART_BLOCKS;
    const start = Atomics.load(words, WORD.firstBlock) + first;
    const end = start + Math.min(PART_BLOCKS, blocks - first);
    const result = sha256Blocks.hashBlocks(
      salt.subarray(0, Atomics.load(words, WORD.saltSize)),
      memory.subarray(start * BLOCK_SIZE, end * BLOCK_SIZE),
      BLOCK_SIZE,
    );
    if (result instanceof Promise) throw new TypeError('a helping thread needs a hasher that does not wait');
    digests.set(result, first * sha256Blocks.digestSize);
    Atomics.add(words, WORD.partsDone, 1);
    Atomics.notify(words, WORD.partsDone);
    return true;
  }
}

/** The ticket of a part. What is on offer in turn is told apart by the last 20 bits of its count, more than one thread can oversleep. */
function ticketOf(generation: number, part: number): number {
  return (generation << PART_BITS) | part;
}
