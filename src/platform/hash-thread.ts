/** A thread that hashes parts of runs until it is terminated; see hash-threads.ts. */
import { workerData } from 'node:worker_threads';
import { hashParts } from './hash-parts.ts';
import { sharedRun, WORD } from './hash-thread-layout.ts';
import { verityHasher } from './verity-hashers.ts';

const { memory, algorithm } = workerData as { memory: SharedArrayBuffer; algorithm: string };
const run = sharedRun(memory);
const hasher = verityHasher(algorithm);
if (hasher === undefined) throw new TypeError(`no hash ${algorithm}`);

for (let generation = 0; ; generation = Atomics.load(run.words, WORD.generation)) {
  hashParts(run, hasher);
  Atomics.wait(run.words, WORD.generation, generation);
}
