/** In place of the program in an executable: says as JSON what works in there. */
import { createHash } from 'node:crypto';
import { openSync, readFileSync } from 'node:fs';
import { getAsset, getRawAsset } from 'node:sea';
import { getHeapSpaceStatistics } from 'node:v8';
import { Script } from 'node:vm';
import { cutIntoParts, type HashJob } from '../../../src/platform/hash-job.ts';
import { PartTable } from '../../../src/platform/part-table.ts';
import { Sha256Thread } from '../../../src/platform/sha256-thread.ts';
import { startThread } from '../../../src/platform/start-thread.ts';

/** Whether a hash thread hashes what nobody else does: the first bytes of the executable. */
async function hashThreadWorks(): Promise<boolean> {
  const descriptor = openSync(process.execPath, 'r');
  const [size, blockSize] = [8192, 4096];
  const cut = cutIntoParts(size, blockSize, 32);
  const file = { descriptor, offset: 0 };
  const memory = PartTable.allocate(cut);
  const job: HashJob = {
    file,
    size,
    blockSize,
    salt: new Uint8Array(0),
    algorithm: 'sha256',
    memory,
    ...cut,
  };
  const table = new PartTable(job);
  const worker = startThread(import.meta.url, 'hash-thread', {});
  worker.once('error', () => table.wake());
  worker.postMessage(job);
  await table.change(0);
  const bytes = readFileSync(process.execPath).subarray(0, size);
  const digests = [0, blockSize].map((start) =>
    createHash('sha256')
      .update(bytes.subarray(start, start + blockSize))
      .digest(),
  );
  const works = table.stateOf(0) === 'hashed' && Buffer.concat(digests).equals(table.digestsOf(0, 64));
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

/**
 * The usual size of the young generation, in bytes, while more survives in it than it should hold. For moments it has more: what was
 * just copied out of is given back by another thread.
 */
function youngGeneration(): number {
  const sizes: number[] = [];
  let kept: unknown[] = [];
  for (let round = 0; round < 200; round++) {
    kept = Array.from({ length: 20_000 }, (_, index) => ({ index, round }));
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    sizes.push(space?.space_size ?? 0);
  }
  sizes.sort((a, b) => a - b);
  return kept.length === 0 ? 0 : sizes[sizes.length / 2]!;
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
