/** A thread that hashes what it is told to; see sha256-thread.ts. */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { Sha256Answer, Sha256Request } from './sha256-thread-messages.ts';

const hash = createHash('sha256');
const answer = (message: Sha256Answer): void => parentPort?.postMessage(message);

parentPort?.on('message', (request: Sha256Request) => {
  if (request === 'digest') {
    answer({ digest: hash.digest('hex') });
  } else {
    hash.update(request.slot.subarray(0, request.length));
    answer('hashed');
  }
});
