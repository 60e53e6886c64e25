import type { Compressors } from '../compressors.ts';
import { BufferPool } from './buffer-pool.ts';
import { BATCH_SIZE, type BatchCompressor } from './compressed-files.ts';
import { type CompressionSettings, createEncoder } from './compression-settings.ts';
import { BatchEncoder, type ContentPart, type EncodedBatch, moveTo } from './encode-batch.ts';

/** One to fill while the batch of the other is placed. */
const BUFFERS = 2;

/** Encodes each batch at once, in the calling thread. */
export class ImmediateCompressor implements BatchCompressor {
  readonly #encoder: BatchEncoder;
  readonly #buffers = new BufferPool<ArrayBufferLike>(BUFFERS, () => new Uint8Array(BATCH_SIZE));

  constructor(settings: CompressionSettings, compressors: Compressors) {
    this.#encoder = new BatchEncoder(createEncoder(settings, compressors), settings.clusterSize);
  }

  takeBuffer(): Uint8Array | Promise<Uint8Array> {
    return this.#buffers.take();
  }

  giveBack(buffer: Uint8Array): void {
    this.#buffers.giveBack(buffer);
  }

  async encode(buffer: Uint8Array, parts: readonly ContentPart[]): Promise<EncodedBatch> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return moveTo(buffer, this.#encoder.encode(buffer.subarray(0, length), parts));
  }
}
