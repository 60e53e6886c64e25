import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { SourceHasher, VerityHasher } from '../image/block-hasher.ts';
import type { ByteSource } from '../image/byte-source.ts';
import { hashSource } from '../image/verity/hash-source.ts';
import { bytesOfParts, cutIntoParts, type HashJob } from './hash-job.ts';
import { OwnParts } from './own-parts.ts';
import { PARTS_MAX, PartTable } from './part-table.ts';
import { startThread } from './start-thread.ts';

/** Threads beyond which reading is slower than hashing. */
const THREADS_MAX = 4;

/**
 * Hashes files with the calling thread and others, which read for themselves. The others help from the moment on when they have
 * started, some 40 ms later, until it is disposed of.
 */
export class HashThreads implements SourceHasher, AsyncDisposable {
  readonly #workers: Worker[];
  /** Threads that have not ended. */
  #running: number;
  /** Of what is being hashed. */
  readonly #tables = new Set<PartTable>();

  /** @param others Threads to be started: one for each processor but the first. */
  constructor(others: number = Math.min(availableParallelism(), THREADS_MAX) - 1) {
    this.#workers = Array.from({ length: others }, () => {
      const worker = startThread(import.meta.url, 'hash-thread', {
        resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
      });
      // A thread that cannot run is missed by nobody: whatever it does not do, the calling thread does.
      worker.on('error', () => undefined);
      worker.on('exit', () => this.#ended());
      return worker;
    });
    this.#running = others;
  }

  /** As {@link SourceHasher} says; with other threads where the source is a file. */
  async *hashSource(
    source: ByteSource,
    hasher: VerityHasher,
    salt: Uint8Array,
    blockSize: number,
  ): AsyncGenerator<Uint8Array> {
    const { size, file } = source;
    const cut = cutIntoParts(size, blockSize, hasher.digestSize);
    if (file === undefined || this.#running === 0 || cut.parts > PARTS_MAX) {
      yield* hashSource(source, hasher, salt, blockSize);
      return;
    }
    const memory = PartTable.allocate(cut);
    const job: HashJob = { file, size, blockSize, salt, algorithm: hasher.algorithm, memory, ...cut };
    const table = new PartTable(job);
    const own = new OwnParts(source, hasher, job, table);
    this.#tables.add(table);
    try {
      for (const worker of this.#workers) worker.postMessage(job);
      for (let part = 0; part < job.parts; part++) {
        while (table.stateOf(part) === 'open') {
          if (await own.hashSome()) continue;
          if (this.#running === 0) break;
          await table.change(part);
        }
        // What another thread could not read, or had not hashed when it ended.
        if (table.stateOf(part) !== 'hashed') await own.hashAgain(part);
        const { length } = bytesOfParts(job, { first: part, end: part + 1 });
        yield table.digestsOf(part, (length / blockSize) * hasher.digestSize);
        table.release(part);
      }
    } finally {
      this.#tables.delete(table);
      table.stop();
      await own.end();
    }
  }

  /** Ends the other threads; when they have, they read nothing any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** What a thread had taken when it died cannot be known, so all end, and the calling thread goes on alone. */
  #ended(): void {
    this.#running -= 1;
    for (const worker of this.#workers) void worker.terminate();
    if (this.#running === 0) for (const table of this.#tables) table.wake();
  }
}
