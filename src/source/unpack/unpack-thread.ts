/** A thread that inflates one layer, without a break; see unpack-in-thread.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { SourceError } from '../error.ts';
import { Inflater } from './inflater.ts';
import { handOver, ringSlot, takeOver } from './ring.ts';
import type { UnpackAnswer, UnpackTask } from './unpack-thread-messages.ts';
import { archiveCheck } from './unpacked-layer.ts';

const { layer, digestLeft, packed, archive } = workerData as UnpackTask;
const isDigestLeft = new Int32Array(digestLeft);
const answer = (message: UnpackAnswer): void => parentPort?.postMessage(message);

answer({ type: 'started' });
try {
  unpack();
} catch (error) {
  const known = error instanceof SourceError ? error : undefined;
  answer({ type: 'failed', code: known?.code, message: (error as Error).message, hint: known?.hint });
}

function unpack(): void {
  let turn = 0;
  let slot: Uint8Array | undefined;
  let filled = 0;
  const handOut = (): void => {
    if (filled > 0) {
      handOver(archive.filled, filled);
      answer({ type: 'progress' });
    }
    slot = undefined;
    filled = 0;
  };
  let check = archiveCheck(layer);
  const inflater = new Inflater(layer.description, (piece) => {
    if (Atomics.load(isDigestLeft, 0) !== 0) check = undefined;
    check?.add(piece);
    for (let taken = 0; taken < piece.length; ) {
      if (slot === undefined) {
        takeOver(archive.emptied, turn);
        slot = ringSlot(archive, turn++);
      }
      const part = piece.subarray(taken, taken + slot.length - filled);
      slot.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled === slot.length) handOut();
    }
  });
  for (let inputTurn = 0; ; inputTurn++) {
    const length = takeOver(packed.filled, inputTurn);
    if (length === 0) break;
    const bytes = ringSlot(packed, inputTurn).subarray(0, length);
    inflater.add(bytes);
    handOver(packed.emptied, 0);
    answer({ type: 'progress' });
  }
  inflater.end();
  handOut();
  check?.end();
  answer({ type: 'end' });
}
