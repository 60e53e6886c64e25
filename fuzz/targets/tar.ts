import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import { CodedError } from '../../src/base/error.ts';
import type { Entry } from '../../src/source/entry.ts';
import { readTar } from '../../src/source/tar/reader.ts';
import { inChunks } from '../../test/source/tar/read-all.ts';
import type { Target } from '../engine/target.ts';
import { tarArchives } from '../seeds/archives.ts';
import { repairTarHeaders } from '../seeds/repair-tar.ts';

/** Bytes of content that are read of one archive: sparse files are far larger than it. */
const CONTENT_MAX = 4 * 1024 * 1024;

/** A tar archive; it reads the same in whatever pieces it comes. */
export const target: Target = {
  seeds: tarArchives,
  async run(input) {
    const whole = await read(input, input.length + 1);
    assert.deepEqual(await read(input, 700), whole);
    if (whole.error !== undefined) throw whole.error;
  },
  repair: repairTarHeaders,
};

interface Result {
  readonly entries: readonly unknown[];
  readonly error: CodedError | undefined;
}

async function read(input: Uint8Array, chunkSize: number): Promise<Result> {
  const entries: unknown[] = [];
  let left = CONTENT_MAX;
  try {
    for await (const { content, ...attributes } of readTar(inChunks(input, chunkSize), 'x')) {
      checkEntry(attributes);
      // More than is read of it is cut off, wherever a piece ends.
      if (attributes.size > left) break;
      left -= attributes.size;
      let length = 0;
      let checksum = 0;
      for await (const piece of content) {
        length += piece.length;
        checksum = crc32(piece, checksum);
      }
      assert.equal(length, attributes.size, `content of ${attributes.path}`);
      entries.push({ ...attributes, checksum });
    }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { entries, error };
  }
  return { entries, error: undefined };
}

function checkEntry(entry: Omit<Entry, 'content'>): void {
  assert(entry.mode >= 0 && entry.mode <= 0o7777, 'mode');
  for (const number of [entry.uid, entry.gid, entry.size, entry.major, entry.minor]) {
    assert(Number.isSafeInteger(number) && number >= 0, `a number of ${entry.path}`);
  }
  assert(Number.isSafeInteger(entry.mtime.seconds), 'seconds');
  assert(entry.mtime.nanoseconds >= 0 && entry.mtime.nanoseconds < 1e9, 'nanoseconds');
  assert(entry.type === 'file' || entry.size === 0, `a ${entry.type} has content`);
}
