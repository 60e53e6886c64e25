import type { BlockHasher } from './block-hasher.ts';
import { BLOCK_SIZE, type BlockSink } from './block-sink.ts';
import { ImageError } from './error.ts';
import { ALIGNED_START, COMPACT_FILE_LIMIT, FILE_OVERHEAD } from './gpt/placement.ts';
import type { ImageFile } from './image-file.ts';
import { DigestList } from './verity/digest-list.ts';
import { WritePipeline } from './write-pipeline.ts';

/**
 * Blocks that stay in memory until the end. Only a data partition with more of them certainly begins at
 * {@link ALIGNED_START}; and the first blocks are those that are replaced.
 */
const HEAD_BLOCKS = Math.ceil((COMPACT_FILE_LIMIT - FILE_OVERHEAD) / BLOCK_SIZE);

/**
 * The data partition of an image being written: hashes blocks for the hash tree as they pass, and writes them while
 * the next ones come. Memory does not grow with the image, but for 32 bytes a block.
 *
 * The last blocks lie in the window, which is the head first and then one buffer after another; those before the window
 * are hashed, or being hashed, and in the file or on their way.
 */
export class DataPartition implements BlockSink {
  readonly #file: ImageFile;
  readonly #hasher: BlockHasher;
  readonly #salt: Uint8Array;
  readonly #pipeline: WritePipeline;
  readonly #head = new Uint8Array(HEAD_BLOCKS * BLOCK_SIZE);
  readonly #leaves = new DigestList();
  /** The blocks behind the leaves that are being hashed, in their order: the window they lie in, and what gives their digests. */
  readonly #begun: { readonly window: Uint8Array; take(): Uint8Array }[] = [];
  #window: Uint8Array = this.#head;
  /** Address of the first block of the window. */
  #windowStart = 0;
  #blocks = 0;
  /** The address behind the last block that was ever written to the file. */
  #writtenEnd = 0;

  constructor(file: ImageFile, hasher: BlockHasher, salt: Uint8Array) {
    this.#file = file;
    this.#hasher = hasher;
    this.#salt = salt;
    this.#pipeline = new WritePipeline(file, hasher.shared?.memory);
  }

  get blocks(): number {
    return this.#blocks;
  }

  append(bytes: Uint8Array): void | Promise<void> {
    if (bytes.length === 0 || bytes.length % BLOCK_SIZE !== 0) {
      throw new ImageError('out-of-range', `data partition: ${bytes.length} bytes are not whole blocks`);
    }
    if (bytes.length > this.#room()) return this.#appendAcross(bytes);
    this.#copyIn(bytes);
  }

  async truncate(blocks: number): Promise<void> {
    this.#checkRange(blocks, 0);
    this.#takeDigests();
    this.#leaves.truncate(blocks);
    this.#blocks = blocks;
    if (blocks >= this.#windowStart) return;
    // What follows goes to the same place in the file, so it must not be overtaken by what is on its way there.
    await this.#pipeline.settle();
    if (blocks > HEAD_BLOCKS) {
      this.#windowStart = blocks;
    } else {
      this.#pipeline.release(this.#window);
      this.#window = this.#head;
      this.#windowStart = 0;
    }
  }

  async replace(block: number, bytes: Uint8Array): Promise<void> {
    this.#checkRange(block, 1);
    this.#takeDigests();
    if (bytes.length !== BLOCK_SIZE) {
      throw new ImageError('out-of-range', `data partition: ${bytes.length} bytes are not one block`);
    }
    if (block >= this.#windowStart) {
      this.#window.set(bytes, (block - this.#windowStart) * BLOCK_SIZE);
    } else if (block < HEAD_BLOCKS) {
      this.#head.set(bytes, block * BLOCK_SIZE);
    } else {
      await this.#pipeline.settle();
      await this.#file.write(bytes, streamPosition(block));
    }
    if (block < this.#leaves.count) {
      this.#leaves.set(block, await this.#hasher.hashBlocks(this.#salt, bytes, BLOCK_SIZE));
    }
  }

  async digests(start: number, count: number): Promise<Uint8Array> {
    this.#checkRange(start, count);
    this.#takeDigests();
    if (start + count > this.#leaves.count) await this.#hashWindow();
    return this.#leaves.slice(start, count);
  }

  /** Ends hashing and returns the digests of all blocks; nothing may be appended after it. */
  async leaves(): Promise<DigestList> {
    await this.#hashWindow();
    return this.#leaves;
  }

  /**
   * Writes what is still in memory and clears from the file what was written and then truncated. Nothing else may
   * have been written to the file before.
   *
   * @param start Where the partition begins, in bytes; as `planPartitions` placed it.
   */
  async finish(start: number): Promise<void> {
    if (this.#blocks > HEAD_BLOCKS && start !== ALIGNED_START) {
      throw new ImageError('out-of-range', `data partition: ${this.#blocks} blocks cannot begin at ${start}`);
    }
    if (this.#window !== this.#head) this.#writeWindow();
    await this.#pipeline.settle();
    if (this.#writtenEnd > this.#blocks) await this.#file.truncate(streamPosition(this.#blocks));
    await this.#file.write(this.#head.subarray(0, Math.min(this.#blocks, HEAD_BLOCKS) * BLOCK_SIZE), start);
  }

  /** Bytes that the window can still take. */
  #room(): number {
    return this.#window.length - (this.#blocks - this.#windowStart) * BLOCK_SIZE;
  }

  #copyIn(bytes: Uint8Array): void {
    this.#window.set(bytes, (this.#blocks - this.#windowStart) * BLOCK_SIZE);
    this.#blocks += bytes.length / BLOCK_SIZE;
  }

  async #appendAcross(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length; ) {
      if (this.#room() === 0) await this.#nextWindow();
      const piece = bytes.subarray(taken, taken + this.#room());
      this.#copyIn(piece);
      taken += piece.length;
    }
  }

  async #nextWindow(): Promise<void> {
    await this.#beginHashing();
    if (this.#window !== this.#head) this.#writeWindow();
    this.#window = await this.#pipeline.takeBuffer();
    // It may be one that is in the file, but not hashed yet.
    while (this.#begun.some(({ window }) => window === this.#window)) this.#takeNext();
    this.#windowStart = this.#blocks;
  }

  #writeWindow(): void {
    const length = (this.#blocks - this.#windowStart) * BLOCK_SIZE;
    this.#pipeline.write(this.#window, length, streamPosition(this.#windowStart));
    this.#writtenEnd = Math.max(this.#writtenEnd, this.#blocks);
  }

  /** Hashes the blocks of the window that are not hashed yet. */
  async #hashWindow(): Promise<void> {
    await this.#beginHashing();
    this.#takeDigests();
  }

  /** Begins to hash them. */
  async #beginHashing(): Promise<void> {
    const { shared } = this.#hasher;
    if (this.#begun.length === shared?.runs) this.#takeNext();
    const from = Math.max(0, this.#leaves.count - this.#windowStart) * BLOCK_SIZE;
    const to = (this.#blocks - this.#windowStart) * BLOCK_SIZE;
    if (to === from) return;
    const pending = this.#window.subarray(from, to);
    if (shared !== undefined) {
      this.#begun.push({ window: this.#window, take: shared.begin(this.#salt, pending) });
    } else this.#leaves.append(await this.#hasher.hashBlocks(this.#salt, pending, BLOCK_SIZE));
  }

  /** Ends what was begun. */
  #takeDigests(): void {
    while (this.#begun.length > 0) this.#takeNext();
  }

  #takeNext(): void {
    const next = this.#begun.shift();
    if (next !== undefined) this.#leaves.append(next.take());
  }

  #checkRange(start: number, count: number): void {
    if (!(Number.isInteger(start) && Number.isInteger(count) && start >= 0 && count >= 0)) {
      throw new ImageError('out-of-range', `data partition: ${count} blocks from ${start}`);
    }
    if (start + count > this.#blocks) {
      throw new ImageError(
        'out-of-range',
        `data partition: blocks ${start} to ${start + count} of ${this.#blocks}`,
      );
    }
  }
}

/** Where a block behind the head lies in the file. */
function streamPosition(block: number): number {
  return ALIGNED_START + block * BLOCK_SIZE;
}
