import type { Worker } from 'node:worker_threads';
import type { Sha256Answer, Sha256Request } from './sha256-thread-messages.ts';
import { startThread } from './start-thread.ts';

/** SHA-256 of a stream, computed by a thread of its own. It takes some 40 ms to start. */
export class Sha256Thread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #waiting: { resolve(answer: Sha256Answer): void; reject(error: Error): void }[] = [];
  #failure: Error | undefined;

  constructor() {
    this.#worker = startThread(import.meta.url, 'sha256-thread-main', {
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    });
    this.#worker.on('message', (answer: Sha256Answer) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the thread that computes a digest has ended')));
  }

  /** Hashes the first bytes of shared memory, which stays as it is until then. Rejects where the thread cannot run. */
  async update(slot: Uint8Array<SharedArrayBuffer>, length: number): Promise<void> {
    await this.#ask({ slot, length });
  }

  /** The digest in lower-case hexadecimal; nothing can be hashed after it. */
  async digest(): Promise<string> {
    const answer = await this.#ask('digest');
    if (answer === 'hashed') throw new TypeError('a digest was asked for while bytes are being hashed');
    return answer.digest;
  }

  /** Ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(request: Sha256Request): Promise<Sha256Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}
