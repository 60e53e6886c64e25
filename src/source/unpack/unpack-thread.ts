/** A thread that inflates one layer, without a break; see unpack-in-thread.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { hashSomePart, openOffer } from '../../platform/hash-offer.ts';
import { SourceError } from '../error.ts';
import { Inflater } from './inflater.ts';
import { handOver, RingFiller, ringSlot, takeOver } from './ring.ts';
import type { UnpackAnswer, UnpackTask } from './unpack-thread-messages.ts';
import { archiveCheck } from './unpacked-layer.ts';

const { layer, spareWork, digestLeft, packed, archive } = workerData as UnpackTask;
const isDigestLeft = new Int32Array(digestLeft);
const runs = spareWork && openOffer(spareWork);
const meanwhile = runs && (() => hashSomePart(runs));
const answer = (message: UnpackAnswer): void => parentPort?.postMessage(message);

answer({ type: 'started' });
try {
  unpack();
} catch (error) {
  const known = error instanceof SourceError ? error : undefined;
  answer({ type: 'failed', code: known?.code, message: (error as Error).message, hint: known?.hint });
}

function unpack(): void {
  const filler = new RingFiller(archive);
  let check = archiveCheck(layer);
  const inflater = new Inflater(layer.description, (piece) => {
    if (Atomics.load(isDigestLeft, 0) !== 0) check = undefined;
    check?.add(piece);
    for (const _ of filler.add(piece)) {
      // Who waits for the slot before must know of it before this thread waits for him.
      answer({ type: 'progress' });
      takeOver(archive.emptied, filler.turn, meanwhile);
    }
  });
  for (let inputTurn = 0; ; inputTurn++) {
    const length = takeOver(packed.filled, inputTurn, meanwhile);
    if (length === 0) break;
    const bytes = ringSlot(packed, inputTurn).subarray(0, length);
    inflater.add(bytes);
    handOver(packed.emptied, 0);
    answer({ type: 'progress' });
  }
  inflater.end();
  filler.end();
  check?.end();
  answer({ type: 'end' });
}
