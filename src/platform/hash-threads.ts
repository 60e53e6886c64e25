import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { VerityHasher } from '../image/block-hasher.ts';
import { handOut, hashParts } from './hash-parts.ts';
import { allocateShared, RUN_MAX, type SharedRun, sharedRun, WORD } from './hash-thread-layout.ts';
import { startThread } from './start-thread.ts';

/** Threads beyond which reading is slower than hashing. */
const THREADS_MAX = 4;
/** Milliseconds that a thread may take for a part, some thousand times what it needs; it died, or the machine stands still. */
const PATIENCE = 2000;

/**
 * Hashes with the calling thread and others. The others help from the moment on when they have started, some 40 ms
 * later, until it is disposed of.
 */
export class HashThreads implements VerityHasher, AsyncDisposable {
  readonly algorithm: string;
  readonly digestSize: number;
  readonly #hasher: VerityHasher;
  readonly #run: SharedRun;
  readonly #workers: Worker[];
  #isAbandoned = false;

  /** @param hasher One that does not wait, as those of `verityHasher`. */
  constructor(hasher: VerityHasher) {
    this.algorithm = hasher.algorithm;
    this.digestSize = hasher.digestSize;
    this.#hasher = hasher;
    const memory = allocateShared();
    this.#run = sharedRun(memory);
    const threads = Math.min(availableParallelism(), THREADS_MAX);
    this.#workers = Array.from({ length: threads - 1 }, () => {
      const worker = startThread(import.meta.url, 'hash-thread', {
        workerData: { memory, algorithm: this.algorithm },
        resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
      });
      // A thread that cannot run is missed by nobody: whatever it does not take, others do.
      worker.on('error', () => undefined);
      worker.unref();
      return worker;
    });
  }

  hashBlocks(salt: Uint8Array, data: Uint8Array, blockSize: number): Uint8Array | Promise<Uint8Array> {
    if (this.#isAbandoned) return this.#hasher.hashBlocks(salt, data, blockSize);
    const digests = new Uint8Array((data.length / blockSize) * this.digestSize);
    for (let done = 0; done < data.length; done += RUN_MAX) {
      const run = data.subarray(done, done + RUN_MAX);
      const hashed = this.#hashRun(salt, run, blockSize);
      if (hashed === undefined) {
        // That thread may still write what nobody waits for any more, so its memory is not used again.
        this.#isAbandoned = true;
        return this.#hasher.hashBlocks(salt, data, blockSize);
      }
      digests.set(hashed, (done / blockSize) * this.digestSize);
    }
    return digests;
  }

  /** Ends the other threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Hashes a run with all threads; undefined where one of them took a part and does not bring it back. */
  #hashRun(salt: Uint8Array, data: Uint8Array, blockSize: number): Uint8Array | undefined {
    const { words, digests } = this.#run;
    const parts = handOut(this.#run, salt, data, blockSize);
    hashParts(this.#run, this.#hasher);
    for (;;) {
      const done = Atomics.load(words, WORD.partsDone);
      if (done === parts) break;
      if (Atomics.wait(words, WORD.partsDone, done, PATIENCE) === 'timed-out') return undefined;
    }
    return digests.slice(0, (data.length / blockSize) * this.digestSize);
  }
}
