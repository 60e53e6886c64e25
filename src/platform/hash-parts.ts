import fs from 'node:fs';
import type { FileRange } from '../image/byte-source.ts';
import { bytesOfParts, type HashJob } from './hash-job.ts';
import { PartTable } from './part-table.ts';
import { verityHasher } from './verity-hashers.ts';

/** Reads and hashes parts of a job for as long as there are any. Waits for room, and for the disk: nothing for a main thread. */
export function hashParts(job: HashJob): void {
  const hasher = verityHasher(job.algorithm);
  if (hasher === undefined) throw new TypeError(`no hash ${job.algorithm}`);
  const table = new PartTable(job);
  const buffer = Buffer.allocUnsafeSlow(job.partSize);
  for (let part = table.takeOrWait(); part !== undefined; part = table.takeOrWait()) {
    const { offset, length } = bytesOfParts(job, { first: part, end: part + 1 });
    const bytes = buffer.subarray(0, length);
    if (!readNow(job.file, offset, bytes)) {
      table.finish(part, undefined);
      continue;
    }
    const digests = hasher.hashBlocks(job.salt, bytes, job.blockSize);
    if (digests instanceof Promise) throw new TypeError('hash threads need a hasher that does not wait');
    table.finish(part, digests);
  }
}

/** Fills `target` with the bytes from `offset` on of a part of a file; whether it could. */
function readNow(file: FileRange, offset: number, target: Uint8Array): boolean {
  try {
    for (let done = 0; done < target.length; ) {
      const position = file.offset + offset + done;
      const count = fs.readSync(file.descriptor, target, done, target.length - done, position);
      if (count === 0) return false;
      done += count;
    }
    return true;
  } catch {
    // Who asked for the part reads it again, and then has the error.
    return false;
  }
}
