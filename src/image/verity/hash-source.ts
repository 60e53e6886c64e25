import type { VerityHasher } from '../block-hasher.ts';
import type { ByteSource } from '../byte-source.ts';
import { readFleetingRuns } from './read-runs.ts';

/** The digests of all blocks of a source, of a mebibyte at a time; the next one is read meanwhile. See `SourceHasher`. */
export async function* hashSource(
  source: ByteSource,
  hasher: VerityHasher,
  salt: Uint8Array,
  blockSize: number,
): AsyncGenerator<Uint8Array> {
  for await (const run of readFleetingRuns(source, 0, source.size)) {
    yield hasher.hashBlocks(salt, run, blockSize);
  }
}
