/** In place of the program in an executable: says as JSON what works in there. */
import { createHash } from 'node:crypto';
import { getAsset, getRawAsset } from 'node:sea';
import { getHeapSpaceStatistics } from 'node:v8';
import { Script } from 'node:vm';
import { handOut } from '../../../src/platform/hash-parts.ts';
import { allocateShared, sharedRun, WORD } from '../../../src/platform/hash-thread-layout.ts';
import { Sha256Thread } from '../../../src/platform/sha256-thread.ts';
import { startThread } from '../../../src/platform/start-thread.ts';

/** Whether a hash thread hashes what nobody else does. */
async function hashThreadWorks(): Promise<boolean> {
  const memory = allocateShared();
  const run = sharedRun(memory);
  const worker = startThread(import.meta.url, 'hash-thread', {
    workerData: { memory, algorithm: 'sha256' },
  });
  const failed = new Promise<boolean>((resolve) => worker.once('error', () => resolve(false)));
  const data = new Uint8Array(4096).fill(7);
  const parts = handOut(run, new Uint8Array(0), data, 4096);
  const done = (async () => {
    while (Atomics.load(run.words, WORD.partsDone) < parts) await new Promise((next) => setTimeout(next, 5));
    const expected = createHash('sha256').update(data).digest();
    return Buffer.compare(run.digests.subarray(0, 32), expected) === 0;
  })();
  const works = await Promise.race([failed, done]);
  await worker.terminate();
  return works;
}

async function sha256ThreadWorks(): Promise<boolean> {
  await using thread = new Sha256Thread();
  const slot = new Uint8Array(new SharedArrayBuffer(5));
  slot.set(Buffer.from('hello'));
  await thread.update(slot, 5);
  return (await thread.digest()) === createHash('sha256').update('hello').digest('hex');
}

/** Whether V8 takes the code cache of this module: it does not say so where it does not. */
function codeCacheIsTaken(): boolean {
  const cachedData = Buffer.from(getRawAsset('main.js.cache') as ArrayBuffer);
  // Of a file that it has not compiled yet.
  const script = new Script(getAsset('main.js', 'latin1'), { filename: 'again.js', cachedData });
  return script.cachedDataRejected === false;
}

/** The largest size of the young generation, in bytes, while more survives in it than it should hold. */
function youngGeneration(): number {
  let largest = 0;
  let kept: unknown[] = [];
  for (let round = 0; round < 200; round++) {
    kept = Array.from({ length: 20_000 }, (_, index) => ({ index, round }));
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    largest = Math.max(largest, space?.space_size ?? 0);
  }
  return kept.length === 0 ? 0 : largest;
}

void (async () => {
  const result = {
    hashThread: await hashThreadWorks(),
    sha256Thread: await sha256ThreadWorks(),
    codeCache: codeCacheIsTaken(),
    youngGeneration: youngGeneration(),
  };
  process.stdout.write(JSON.stringify(result));
  process.exitCode = 0;
})();
