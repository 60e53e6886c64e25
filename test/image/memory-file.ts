import { setImmediate } from 'node:timers/promises';
import type { ImageFile } from '../../src/image/image-file.ts';

/**
 * An {@link ImageFile} in memory that shows mistakes in the order of writes: writes end in another order than they
 * began in, and bytes are taken when a write ends, as a disk might.
 */
export class MemoryFile implements ImageFile {
  /** The most writes that were under way at once. */
  mostUnderWay = 0;
  #bytes = new Uint8Array(1 << 20);
  #size = 0;
  #underWay = 0;
  #writes = 0;

  /** What the file holds now. */
  get content(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    this.#underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.#underWay);
    for (let turns = [3, 0, 1][this.#writes++ % 3]!; turns > 0; turns--) await setImmediate();
    this.#reserve(position + bytes.length);
    this.#bytes.set(bytes, position);
    this.#size = Math.max(this.#size, position + bytes.length);
    this.#underWay -= 1;
  }

  async truncate(size: number): Promise<void> {
    if (this.#underWay > 0) throw new Error('truncated while writes are under way');
    this.#reserve(size);
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
