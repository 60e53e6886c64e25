/** A limited number of buffers, made when they are needed and used again. */
export class BufferPool<B extends ArrayBufferLike = ArrayBufferLike> {
  readonly #make: () => Uint8Array<B>;
  readonly #free: Uint8Array<B>[] = [];
  readonly #waiting: ((buffer: Uint8Array<B>) => void)[] = [];
  #left: number;

  /** @param limit How many there are at most. */
  constructor(limit: number, make: () => Uint8Array<B>) {
    this.#left = limit;
    this.#make = make;
  }

  /** A buffer with anything in it; waits for one to be given back if all are in use. */
  take(): Uint8Array<B> | Promise<Uint8Array<B>> {
    const buffer = this.#free.pop();
    if (buffer !== undefined) return buffer;
    if (this.#left > 0) {
      this.#left -= 1;
      return this.#make();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  giveBack(buffer: Uint8Array<B>): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#free.push(buffer);
    else waiting(buffer);
  }
}
