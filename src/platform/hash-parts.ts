import type { VerityHasher } from '../image/block-hasher.ts';
import { PARTS_MAX, partOf, type SharedRun, ticketOf, WORD } from './hash-thread-layout.ts';

/** Bytes of a part: far more than handing it out costs, few enough that all threads end at the same time. */
const PART_SIZE = 64 * 1024;

/**
 * Hands a run out, to be hashed by whoever calls {@link hashParts}. The run before must be over: every part that was taken is
 * hashed. Returns how many parts it has.
 *
 * @param data Whole blocks, at most RUN_MAX bytes.
 */
export function handOut(run: SharedRun, salt: Uint8Array, data: Uint8Array, blockSize: number): number {
  const { words } = run;
  const generation = Atomics.load(words, WORD.generation) + 1;
  // A thread that is still awake from the run before may already look for its next part. It must find none while the words
  // that say what to hash are changed.
  Atomics.store(words, WORD.ticket, ticketOf(generation));
  const blocks = data.length / blockSize;
  const blocksPerPart = Math.max(1, PART_SIZE / blockSize);
  const parts = Math.ceil(blocks / blocksPerPart);
  if (parts > PARTS_MAX) throw new RangeError(`${parts} parts are too many for a run`);
  run.salt.set(salt);
  run.data.set(data);
  Atomics.store(words, WORD.saltSize, salt.length);
  Atomics.store(words, WORD.blockSize, blockSize);
  Atomics.store(words, WORD.blocks, blocks);
  Atomics.store(words, WORD.blocksPerPart, blocksPerPart);
  Atomics.store(words, WORD.parts, parts);
  Atomics.store(words, WORD.partsDone, 0);
  Atomics.store(words, WORD.ticket, ticketOf(generation, 0));
  Atomics.store(words, WORD.generation, generation);
  Atomics.notify(words, WORD.generation);
  return parts;
}

/** Hashes parts of the run in shared memory for as long as there are any that no other thread has taken. */
export function hashParts(run: SharedRun, hasher: VerityHasher): void {
  const { words, salt, data, digests } = run;
  for (;;) {
    const ticket = Atomics.load(words, WORD.ticket);
    const part = partOf(ticket);
    if (part >= Atomics.load(words, WORD.parts)) return;
    // The number of parts is that of the ticket's run only if the ticket is still there.
    if (Atomics.compareExchange(words, WORD.ticket, ticket, ticket + 1) !== ticket) continue;
    const blockSize = Atomics.load(words, WORD.blockSize);
    const blocksPerPart = Atomics.load(words, WORD.blocksPerPart);
    const first = part * blocksPerPart;
    const end = Math.min(first + blocksPerPart, Atomics.load(words, WORD.blocks));
    const result = hasher.hashBlocks(
      salt.subarray(0, Atomics.load(words, WORD.saltSize)),
      data.subarray(first * blockSize, end * blockSize),
      blockSize,
    );
    if (result instanceof Promise) throw new TypeError('hash threads need a hasher that does not wait');
    digests.set(result, first * hasher.digestSize);
    Atomics.add(words, WORD.partsDone, 1);
    Atomics.notify(words, WORD.partsDone);
  }
}
