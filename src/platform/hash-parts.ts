import type { VerityHasher } from '../image/block-hasher.ts';
import { type SharedRun, WORD } from './hash-thread-layout.ts';

/** Hashes parts of the run in shared memory for as long as there are any that no other thread has taken. */
export function hashParts(run: SharedRun, hasher: VerityHasher): void {
  const { words, salt, data, digests } = run;
  for (;;) {
    const part = Atomics.add(words, WORD.nextPart, 1);
    if (part >= Atomics.load(words, WORD.parts)) return;
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
