/** A thread that unpacks one layer; see unpack-in-thread.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { WaitingLine } from '../../base/waiting-line.ts';
import { SourceError } from '../error.ts';
import { PIECES_KEPT } from './decompress.ts';
import { RingFiller, ringSlot } from './ring.ts';
import type { UnpackAnswer, UnpackRequest, UnpackTask } from './unpack-thread-messages.ts';
import { unpackedLayer } from './unpacked-layer.ts';

const { layer, packed, archive } = workerData as UnpackTask;
/** Lengths of pieces that came; undefined for the end. */
const came = new WaitingLine<number | undefined>();
const free = new WaitingLine<void>();
const answer = (message: UnpackAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', (request: UnpackRequest) => {
  switch (request.type) {
    case 'packed':
      came.add(request.length);
      break;
    case 'end':
      came.add(undefined);
      break;
    case 'taken':
      free.add();
      break;
  }
});
for (let slot = 0; slot < archive.slots; slot++) free.add();
answer({ type: 'started' });
unpack().catch((error: Error) => {
  const known = error instanceof SourceError ? error : undefined;
  answer({ type: 'failed', code: known?.code, message: error.message, hint: known?.hint });
});

async function unpack(): Promise<void> {
  const filler = new RingFiller(
    archive,
    () => free.next(),
    (length) => answer({ type: 'unpacked', length }),
  );
  for await (const piece of unpackedLayer(pieces(), layer)) await filler.add(piece);
  filler.end();
  answer({ type: 'end' });
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let turn = 0; ; turn++) {
    if (turn > PIECES_KEPT) answer({ type: 'wanted' });
    const length = await came.next();
    if (length === undefined) return;
    yield ringSlot(packed, turn).subarray(0, length);
  }
}
