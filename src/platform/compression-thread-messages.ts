import type { ContentPart, EncodedBatch } from '../image/erofs/encode-batch.ts';

/** What a compression thread is told: to encode the first bytes of shared memory. */
export interface CompressionRequest {
  readonly buffer: Uint8Array<SharedArrayBuffer>;
  readonly parts: readonly ContentPart[];
}

/** What it answers: that it has started, and then to each request what became of it. */
export type CompressionAnswer = 'started' | EncodedBatch;
