import type { ByteSource } from '../image/byte-source.ts';
import { BootError } from './error.ts';

/** Seconds that the boot stage may take for extensions where the configuration says nothing. */
export const DEFAULT_SECONDS = 60;

/**
 * The time that the boot stage may hold the boot for. Measured by a clock that only goes forward, since at boot the other one
 * may still be set.
 */
export class TimeLimit implements Disposable {
  readonly seconds: number;
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
  readonly #end: number;
  readonly #now: () => number;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #abandoned = 0;

  /**
   * Begins the time.
   *
   * @param now Milliseconds since any moment.
   */
  constructor(seconds: number, now: () => number = () => performance.now()) {
    this.seconds = seconds;
    this.signal = this.#controller.signal;
    this.#now = now;
    this.#end = now() + seconds * 1000;
    this.#timer = setTimeout(() => this.#expire(), seconds * 1000);
    this.#timer.unref();
  }

  get isOver(): boolean {
    return this.signal.aborted || this.#now() >= this.#end;
  }

  /** Milliseconds that are left. */
  get left(): number {
    return Math.max(0, this.#end - this.#now());
  }

  /** Whether something is still going on that nobody waits for any more, such as a read of a disk that does not answer. */
  get hasAbandoned(): boolean {
    return this.#abandoned > 0;
  }

  /** Throws a BootError ('time-limit') when the time is over. */
  check(): void {
    if (this.isOver) throw this.#error();
  }

  /** Waits for something as long as there is time. Throws a BootError ('time-limit'); what it waited for is abandoned. */
  async within<T>(work: Promise<T>): Promise<T> {
    this.#abandoned += 1;
    const settled = work.finally(() => {
      this.#abandoned -= 1;
    });
    // Nobody may be waiting for it by the time when it fails.
    settled.catch(() => undefined);
    this.check();
    let stop = (): void => undefined;
    const over = new Promise<never>((_, reject) => {
      stop = () => reject(this.#error());
      this.signal.addEventListener('abort', stop, { once: true });
    });
    // Unlike the limit's own timer this one keeps the process until the work is done or the time over.
    const guard = setTimeout(() => this.#expire(), this.left);
    try {
      return await Promise.race([settled, over]);
    } finally {
      clearTimeout(guard);
      this.signal.removeEventListener('abort', stop);
    }
  }

  /**
   * Bytes that can be read only while there is time: also what works on them without pause then ends. Threads that read the file by
   * themselves are ended by {@link signal}.
   */
  limited(source: ByteSource): ByteSource {
    return {
      size: source.size,
      file: source.file,
      read: (offset, length) => {
        this.check();
        return source.read(offset, length);
      },
      ...(source.readInto !== undefined && {
        readInto: (offset: number, target: Uint8Array) => {
          this.check();
          return source.readInto?.(offset, target);
        },
      }),
    };
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #expire(): void {
    this.#controller.abort(this.#error());
  }

  #error(): BootError {
    return new BootError('time-limit', `there was no time for it within ${this.seconds} seconds`, {
      hint: 'boot_timeout in the configuration sets how long extensions may hold the boot',
    });
  }
}
