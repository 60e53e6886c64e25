import { createHash } from 'node:crypto';
import { Sha256Thread } from '../../platform/sha256-thread.ts';
import type { HostWriter } from '../host/host.ts';

/** Bytes read at once. */
const SLOT_SIZE = 512 * 1024;
/** Bytes of a file that is hashed without a thread, whose start takes longer. */
const SMALL = 32 * SLOT_SIZE;

/**
 * SHA-256 of a file that is being written: what is written is read again, out of the page cache, and hashed by a thread, so
 * that it is a digest of what stands in the file, and whoever writes does not wait for it.
 */
export class FollowingDigest {
  readonly #writer: HostWriter;
  readonly #slots = [0, 1].map(() => new Uint8Array(new SharedArrayBuffer(SLOT_SIZE)));
  #following: Promise<string | undefined> | undefined;
  #isComplete = false;
  #isStopped = false;
  #wake: () => void = () => undefined;

  constructor(writer: HostWriter) {
    this.#writer = writer;
  }

  /** Says that more is written. */
  advance(): void {
    if (this.#following === undefined && this.#writer.size >= SMALL) {
      this.#following = this.#follow();
      // Whoever asks for the digest learns of it.
      this.#following.catch(() => undefined);
    }
    this.#wake();
  }

  /**
   * The digest of the whole file, to which nothing is added any more, in lower-case hexadecimal. Throws the reason of the
   * signal when it aborts.
   */
  async finish(signal: AbortSignal | undefined): Promise<string> {
    this.#isComplete = true;
    this.#wake();
    const stop = (): void => void this.stop();
    signal?.addEventListener('abort', stop);
    try {
      signal?.throwIfAborted();
      const digest = await this.#following;
      signal?.throwIfAborted();
      return digest ?? (await this.#hashHere());
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Ends it without a digest. The file is not read any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#following?.catch(() => undefined);
  }

  /** Undefined where the thread cannot run, or it was stopped. */
  async #follow(): Promise<string | undefined> {
    await using thread = new Sha256Thread();
    let hashing = Promise.resolve(true);
    for (let offset = 0, turn = 0; ; ) {
      if (this.#isStopped) return undefined;
      const length = Math.min(SLOT_SIZE, this.#writer.size - offset);
      if (length === 0 && this.#isComplete) break;
      if (length < SLOT_SIZE && !this.#isComplete) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const slot = this.#slots[turn % 2]!;
      turn += 1;
      await this.#read(offset, slot.subarray(0, length));
      offset += length;
      // The other slot is free when what is in it is hashed.
      if (!(await hashing)) return undefined;
      hashing = thread.update(slot, length).then(
        () => true,
        () => false,
      );
    }
    if (!(await hashing)) return undefined;
    // Awaited here, before the thread is ended.
    return await thread.digest().catch(() => undefined);
  }

  async #hashHere(): Promise<string> {
    const hash = createHash('sha256');
    for (let offset = 0; offset < this.#writer.size; ) {
      const piece = this.#slots[0]!.subarray(0, Math.min(SLOT_SIZE, this.#writer.size - offset));
      await this.#read(offset, piece);
      hash.update(piece);
      offset += piece.length;
    }
    return hash.digest('hex');
  }

  async #read(offset: number, target: Uint8Array): Promise<void> {
    const { content } = this.#writer;
    if (content.readInto === undefined) target.set(await content.read(offset, target.length));
    else await content.readInto(offset, target);
  }
}
