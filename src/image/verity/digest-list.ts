import { BLOCK_SIZE } from '../block-sink.ts';

/** Bytes in a digest: SHA-256. */
export const DIGEST_SIZE = 32;
/** Digests in a block of the hash tree. */
export const DIGESTS_PER_BLOCK = BLOCK_SIZE / DIGEST_SIZE;

/** Bytes that the list grows by: whole blocks of the tree. */
const CHUNK_SIZE = 1024 * 1024;
const DIGESTS_PER_CHUNK = CHUNK_SIZE / DIGEST_SIZE;

/**
 * The digests of consecutive blocks: one level of a hash tree, which can still be changed. Grows by the mebibyte,
 * so that a long list is never copied.
 */
export class DigestList {
  readonly #chunks: Uint8Array[] = [];
  #count = 0;

  /** Digests held. */
  get count(): number {
    return this.#count;
  }

  /** Copies digests to the end; `digests.length` is a multiple of {@link DIGEST_SIZE}. */
  append(digests: Uint8Array): void {
    for (let taken = 0; taken < digests.length; ) {
      const offset = (this.#count % DIGESTS_PER_CHUNK) * DIGEST_SIZE;
      const index = Math.floor(this.#count / DIGESTS_PER_CHUNK);
      this.#chunks[index] ??= new Uint8Array(CHUNK_SIZE);
      const piece = digests.subarray(taken, taken + CHUNK_SIZE - offset);
      this.#chunks[index].set(piece, offset);
      this.#count += piece.length / DIGEST_SIZE;
      taken += piece.length;
    }
  }

  /** Forgets the digests from index `count` on; none when there are fewer. */
  truncate(count: number): void {
    this.#count = Math.min(this.#count, count);
  }

  /** Replaces the digest at `index`, which is below {@link count}. */
  set(index: number, digest: Uint8Array): void {
    this.#chunks[Math.floor(index / DIGESTS_PER_CHUNK)]!.set(
      digest.subarray(0, DIGEST_SIZE),
      (index % DIGESTS_PER_CHUNK) * DIGEST_SIZE,
    );
  }

  /** A copy of `count` digests from index `start`, all of which are there. */
  slice(start: number, count: number): Uint8Array {
    const digests = new Uint8Array(count * DIGEST_SIZE);
    for (let taken = 0; taken < digests.length; ) {
      const index = start + taken / DIGEST_SIZE;
      const offset = (index % DIGESTS_PER_CHUNK) * DIGEST_SIZE;
      const chunk = this.#chunks[Math.floor(index / DIGESTS_PER_CHUNK)]!;
      const piece = chunk.subarray(offset, Math.min(CHUNK_SIZE, offset + digests.length - taken));
      digests.set(piece, taken);
      taken += piece.length;
    }
    return digests;
  }

  /** The list as blocks of a hash tree, several at a time, the last one filled with zeros. Not copies. */
  *blocks(): Generator<Uint8Array> {
    for (let start = 0; start < this.#count; start += DIGESTS_PER_CHUNK) {
      const chunk = this.#chunks[start / DIGESTS_PER_CHUNK]!;
      const used = Math.min(this.#count - start, DIGESTS_PER_CHUNK) * DIGEST_SIZE;
      const end = Math.ceil(used / BLOCK_SIZE) * BLOCK_SIZE;
      // After a truncation forgotten digests may be there.
      chunk.fill(0, used, end);
      yield chunk.subarray(0, end);
    }
  }
}
