import { pageMemory } from '../base/page-memory.ts';
import type { ImageFile } from './image-file.ts';

/** Bytes in a buffer: the more a disk gets at a time, the less it matters how long it takes to answer. */
export const BUFFER_SIZE = 2 * 1024 * 1024;

/** Buffers there are at most: one to fill, the others on their way to the file. */
const BUFFER_LIMIT = 3;

/** Buffers that are not being filled, at most. */
export const BUFFERS_ON_THE_WAY = BUFFER_LIMIT - 1;

/** Bytes of all buffers. */
export const BUFFERS_SIZE = BUFFER_LIMIT * BUFFER_SIZE;

/**
 * Writes buffers to a file while the caller fills the next one.
 *
 * A write that fails is reported by the next call that can: {@link takeBuffer} or {@link settle}.
 */
export class WritePipeline {
  readonly #file: ImageFile;
  readonly #memory: Uint8Array;
  readonly #free: Uint8Array[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #allocated = 0;
  #failure: { readonly error: unknown } | undefined;

  /** @param memory For the buffers, {@link BUFFERS_SIZE} bytes that begin with a page. */
  constructor(file: ImageFile, memory = pageMemory(BUFFERS_SIZE)) {
    this.#file = file;
    this.#memory = memory;
  }

  /** A buffer of {@link BUFFER_SIZE} bytes with anything in it; waits for one to be written if all are in use. */
  async takeBuffer(): Promise<Uint8Array> {
    while (this.#free.length === 0 && this.#allocated === BUFFER_LIMIT) await Promise.race(this.#underWay);
    this.#throwFailure();
    const buffer = this.#free.pop();
    if (buffer !== undefined) return buffer;
    const start = this.#allocated * BUFFER_SIZE;
    this.#allocated += 1;
    return this.#memory.subarray(start, start + BUFFER_SIZE);
  }

  /** Starts to write the first `length` bytes of a buffer that was taken, and takes it back. */
  write(buffer: Uint8Array, length: number, position: number): void {
    const write = this.#file
      .write(buffer.subarray(0, length), position)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .then(() => {
        this.#free.push(buffer);
        this.#underWay.delete(write);
      });
    this.#underWay.add(write);
  }

  /** Takes back a buffer that is not to be written. */
  release(buffer: Uint8Array): void {
    this.#free.push(buffer);
  }

  /** Waits until everything is in the file. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
