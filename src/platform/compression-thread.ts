/** A thread that encodes batches of files until it is terminated; see compression-threads.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { BATCH_SIZE } from '../image/erofs/compressed-files.ts';
import { type CompressionSettings, createEncoder } from '../image/erofs/compression-settings.ts';
import { BatchEncoder, moveTo } from '../image/erofs/encode-batch.ts';
import type { CompressionAnswer, CompressionRequest } from './compression-thread-messages.ts';
import { compressors } from './compressors.ts';

const settings = workerData as CompressionSettings;
const encoder = new BatchEncoder(createEncoder(settings, compressors), settings.clusterSize);
// Memory that is not shared is what the encoders are fast with.
const own = new Uint8Array(BATCH_SIZE);
const answer = (message: CompressionAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', ({ buffer, parts }: CompressionRequest) => {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  own.set(buffer.subarray(0, length));
  answer(moveTo(buffer, encoder.encode(own.subarray(0, length), parts)));
});
answer('started');
