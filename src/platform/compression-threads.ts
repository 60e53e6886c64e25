import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { BufferPool } from '../image/erofs/buffer-pool.ts';
import { BATCH_SIZE, type BatchCompressor } from '../image/erofs/compressed-files.ts';
import { type CompressionSettings, createEncoder } from '../image/erofs/compression-settings.ts';
import { BatchEncoder, type ContentPart, type EncodedBatch, moveTo } from '../image/erofs/encode-batch.ts';
import type { CompressionAnswer, CompressionRequest } from './compression-thread-messages.ts';
import { compressors } from './compressors.ts';
import { startThread } from './start-thread.ts';

/** Threads beyond which memory counts more than time. */
const THREADS_MAX = 4;
/** Batches that wait or are being placed while every thread has one. */
const SPARE_BUFFERS = 2;
/** A batch with fewer bytes is taken for the last one, for which no thread is started: that takes some 50 ms. */
const LARGE_BATCH = BATCH_SIZE / 2;

/** A batch that is to be encoded. */
interface Task {
  readonly request: CompressionRequest;
  readonly resolve: (answer: EncodedBatch) => void;
  readonly reject: (error: Error) => void;
}

/** A thread, and the task that it has. */
interface Thread {
  readonly worker: Worker;
  isStarted: boolean;
  task: Task | undefined;
}

/** Encodes batches on all processors: in the calling thread as long as no other has started, so that little waits for none. */
export class CompressionThreads implements BatchCompressor, AsyncDisposable {
  readonly #settings: CompressionSettings;
  readonly #count: number;
  readonly #buffers: BufferPool<SharedArrayBuffer>;
  readonly #waiting: Task[] = [];
  #own: BatchEncoder | undefined;
  #threads: Thread[] = [];
  #failure: Error | undefined;

  constructor(settings: CompressionSettings) {
    this.#settings = settings;
    this.#count = Math.min(availableParallelism(), THREADS_MAX);
    this.#buffers = new BufferPool(
      this.#count + SPARE_BUFFERS,
      () => new Uint8Array(new SharedArrayBuffer(BATCH_SIZE)),
    );
  }

  takeBuffer(): Uint8Array<SharedArrayBuffer> | Promise<Uint8Array<SharedArrayBuffer>> {
    return this.#buffers.take();
  }

  giveBack(buffer: Uint8Array<SharedArrayBuffer>): void {
    this.#buffers.giveBack(buffer);
  }

  async encode(buffer: Uint8Array<SharedArrayBuffer>, parts: readonly ContentPart[]): Promise<EncodedBatch> {
    if (this.#failure !== undefined) throw this.#failure;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (this.#threads.length === 0 && length >= LARGE_BATCH) this.#start();
    if (!this.#threads.some(({ isStarted }) => isStarted)) {
      const encoded = this.#encodeHere(buffer, length, parts);
      // Only now threads can tell that they have started.
      await setImmediate();
      return encoded;
    }
    this.#own = undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request: { buffer, parts }, resolve, reject });
      this.#handOut();
    });
  }

  /** Ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= new Error('the threads that compress were ended');
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #encodeHere(buffer: Uint8Array, length: number, parts: readonly ContentPart[]): EncodedBatch {
    const settings = this.#settings;
    this.#own ??= new BatchEncoder(createEncoder(settings, compressors), settings.clusterSize);
    // Memory that is not shared is what the encoders are fast with.
    return moveTo(buffer, this.#own.encode(buffer.slice(0, length), parts));
  }

  #start(): void {
    this.#threads = Array.from({ length: this.#count }, () => {
      // Little memory, so that what each piece leaves behind is collected soon.
      const worker = startThread(import.meta.url, 'compression-thread', {
        workerData: this.#settings,
        resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 2 },
      });
      const thread: Thread = { worker, isStarted: false, task: undefined };
      worker.on('message', (answer: CompressionAnswer) => {
        const { task } = thread;
        thread.isStarted = true;
        thread.task = undefined;
        this.#handOut();
        if (answer !== 'started') task?.resolve(answer);
      });
      worker.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
      worker.on('exit', () => this.#fail(new Error('a thread that compresses has ended')));
      return thread;
    });
  }

  #handOut(): void {
    for (const thread of this.#threads) {
      if (!thread.isStarted || thread.task !== undefined) continue;
      const task = this.#waiting.shift();
      if (task === undefined) return;
      thread.task = task;
      thread.worker.postMessage(task.request);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    for (const thread of this.#threads) {
      thread.task?.reject(this.#failure);
      thread.task = undefined;
    }
  }
}
