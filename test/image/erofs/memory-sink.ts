import { createHash } from 'node:crypto';
import { BLOCK_SIZE, type BlockSink } from '../../../src/image/block-sink.ts';

/** A block sink in memory that insists on the rules of its interface. */
export class MemorySink implements BlockSink {
  #bytes = new Uint8Array(1 << 20);
  #blocks = 0;
  /** How often digests were asked for. */
  digestCalls = 0;

  get blocks(): number {
    return this.#blocks;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0 || bytes.length % BLOCK_SIZE !== 0)
      throw new Error(`appended ${bytes.length} bytes`);
    const end = this.#blocks * BLOCK_SIZE + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.bytes());
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#blocks * BLOCK_SIZE);
    this.#blocks += bytes.length / BLOCK_SIZE;
  }

  truncate(blocks: number): void {
    if (blocks > this.#blocks) throw new Error(`truncated to ${blocks} of ${this.#blocks} blocks`);
    this.#blocks = blocks;
  }

  replace(block: number, bytes: Uint8Array): void {
    if (block >= this.#blocks || bytes.length !== BLOCK_SIZE) throw new Error(`replaced block ${block}`);
    this.#bytes.set(bytes, block * BLOCK_SIZE);
  }

  digests(start: number, count: number): Uint8Array {
    if (count < 1 || start + count > this.#blocks)
      throw new Error(`asked for digests of ${start} + ${count}`);
    this.digestCalls += 1;
    const digests = new Uint8Array(count * 32);
    for (let index = 0; index < count; index++) {
      const at = (start + index) * BLOCK_SIZE;
      const block = this.#bytes.subarray(at, at + BLOCK_SIZE);
      digests.set(createHash('sha256').update('salt').update(block).digest(), index * 32);
    }
    return digests;
  }

  /** The image so far: a view. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#blocks * BLOCK_SIZE);
  }
}
