import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Scratch } from '../image/scratch.ts';

/** Bytes that are gathered before they are kept or written. */
const CHUNK_SIZE = 1024 * 1024;
/** Chunks that stay in memory: 32 MiB. */
const MEMORY_CHUNKS = 32;
/** Bytes read from the file at once, since what was appended together is mostly read together. */
const READ_AHEAD = 64 * 1024;

/**
 * A {@link Scratch} that keeps the first 32 MiB in memory and what follows in a temporary file.
 *
 * The file is made when it is needed and has no name from then on, so that it is gone with the process however
 * that ends.
 */
export class ScratchFile implements Scratch {
  readonly #path: string;
  readonly #memory: Uint8Array[] = [];
  #handle: FileHandle | undefined;
  /** The chunk being filled, the last one. */
  #current = new Uint8Array(CHUNK_SIZE);
  #size = 0;
  #window = { start: 0, bytes: new Uint8Array(0) };

  /** @param path Where the temporary file may be made; nothing is there. */
  constructor(path: string) {
    this.#path = path;
  }

  append(bytes: Uint8Array): number | Promise<number> {
    const offset = this.#size;
    const used = offset % CHUNK_SIZE;
    if ((used === 0 && offset > 0) || bytes.length > CHUNK_SIZE - used) return this.#appendAcross(bytes);
    this.#current.set(bytes, used);
    this.#size += bytes.length;
    return offset;
  }

  /** A view where the bytes lie in one chunk that is in memory, else a copy. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    if (offset < 0 || length < 0 || offset + length > this.#size) {
      throw new RangeError(`scratch store: bytes ${offset} to ${offset + length} of ${this.#size}`);
    }
    const within = offset % CHUNK_SIZE;
    const chunk = this.#memory[Math.floor(offset / CHUNK_SIZE)];
    if (chunk !== undefined && within + length <= CHUNK_SIZE) return chunk.subarray(within, within + length);
    return this.#readAcross(offset, length);
  }

  /** Frees the memory and the disk space. */
  async close(): Promise<void> {
    this.#memory.length = 0;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #appendAcross(bytes: Uint8Array): Promise<number> {
    const offset = this.#size;
    for (let taken = 0; taken < bytes.length; ) {
      const used = this.#size % CHUNK_SIZE;
      if (used === 0 && this.#size > 0) await this.#startChunk();
      const piece = bytes.subarray(taken, taken + CHUNK_SIZE - used);
      this.#current.set(piece, used);
      this.#size += piece.length;
      taken += piece.length;
    }
    return offset;
  }

  async #readAcross(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const piece = await this.#piece(offset + done);
      bytes.set(piece.subarray(0, length - done), done);
      done += Math.min(piece.length, length - done);
    }
    return bytes;
  }

  /** Puts the full chunk where it stays. */
  async #startChunk(): Promise<void> {
    if (this.#memory.length < MEMORY_CHUNKS) {
      this.#memory.push(this.#current);
      this.#current = new Uint8Array(CHUNK_SIZE);
      return;
    }
    if (this.#handle === undefined) {
      this.#handle = await open(this.#path, 'wx+', 0o600);
      await rm(this.#path);
    }
    const start = this.#size - CHUNK_SIZE - MEMORY_CHUNKS * CHUNK_SIZE;
    for (let written = 0; written < CHUNK_SIZE; ) {
      const { bytesWritten } = await this.#handle.write(
        this.#current,
        written,
        CHUNK_SIZE - written,
        start + written,
      );
      written += bytesWritten;
    }
  }

  /** Some bytes from `offset` on, at least one. */
  async #piece(offset: number): Promise<Uint8Array> {
    const chunk = this.#memory[Math.floor(offset / CHUNK_SIZE)];
    if (chunk !== undefined) return chunk.subarray(offset % CHUNK_SIZE);
    const currentStart = Math.floor((this.#size - 1) / CHUNK_SIZE) * CHUNK_SIZE;
    if (offset >= currentStart) return this.#current.subarray(offset - currentStart);

    const { start, bytes } = this.#window;
    if (offset < start || offset >= start + bytes.length) {
      const window = new Uint8Array(Math.min(READ_AHEAD, currentStart - offset));
      const position = offset - MEMORY_CHUNKS * CHUNK_SIZE;
      const { bytesRead } = await this.#handle!.read(window, 0, window.length, position);
      if (bytesRead === 0) throw new Error(`${this.#path}: the temporary file became shorter`);
      this.#window = { start: offset, bytes: window.subarray(0, bytesRead) };
    }
    return this.#window.bytes.subarray(offset - this.#window.start);
  }
}
