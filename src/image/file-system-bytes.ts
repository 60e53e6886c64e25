import type { ByteSource } from './byte-source.ts';
import { ImageError } from './error.ts';

const WINDOW_SIZE = 1 << 14;
const MAX_WINDOWS = 64;

/**
 * Reads parts of a file system, never outside it. Keeps the last windows of 16 KiB that small reads touched,
 * since many inodes lie side by side.
 */
export class FileSystemBytes {
  /** Size of the file system, which the source is at least as large as. */
  readonly size: number;
  readonly #source: ByteSource;
  readonly #windows = new Map<number, Uint8Array>();

  constructor(source: ByteSource, size: number) {
    this.#source = source;
    this.size = size;
  }

  /** @throws ImageError ('malformed') unless the range lies in the file system. `what` is for its message. */
  check(offset: number, length: number, what: () => string): void {
    if (offset >= 0 && length >= 0 && offset + length <= this.size) return;
    throw new ImageError(
      'malformed',
      `${what()}: ${length} bytes at ${offset} are not within the file system's ${this.size}`,
    );
  }

  /** Reads a range that is used once, such as the content of a file. */
  async read(offset: number, length: number, what: () => string): Promise<Uint8Array> {
    this.check(offset, length, what);
    return this.#source.read(offset, length);
  }

  /** Reads a range near which more will be read. */
  async readNear(offset: number, length: number, what: () => string): Promise<Uint8Array> {
    this.check(offset, length, what);
    const within = offset % WINDOW_SIZE;
    if (within + length > WINDOW_SIZE) return this.#source.read(offset, length);
    const start = offset - within;
    let window = this.#windows.get(start);
    if (window === undefined) {
      window = await this.#source.read(start, Math.min(WINDOW_SIZE, this.size - start));
      for (const oldest of this.#windows.keys()) {
        if (this.#windows.size < MAX_WINDOWS) break;
        this.#windows.delete(oldest);
      }
      this.#windows.set(start, window);
    }
    return window.subarray(within, within + length);
  }
}

/** A view of bytes for reading numbers. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A 64-bit number. @throws ImageError ('out-of-range') above 2^53 − 1. */
export function readU64(view: DataView, offset: number, what: () => string): number {
  const value = view.getBigUint64(offset, true);
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new ImageError('out-of-range', `${what()} is ${value}, more than 2^53 − 1`);
}
