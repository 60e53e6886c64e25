import type { FileRange } from '../image/byte-source.ts';
import type { PartRange } from './part-table.ts';

/** Bytes of a part: far more than taking it costs, few enough to stay in the processor's own cache from reading to hashing. */
const PART_SIZE = 256 * 1024;

/** Blocks of a file that threads read and hash, as all of them are told. */
export interface HashJob {
  readonly file: FileRange;
  /** Bytes in all: whole blocks. */
  readonly size: number;
  readonly blockSize: number;
  readonly salt: Uint8Array;
  /** By the name that `verityHasher` knows it by. */
  readonly algorithm: string;
  /** Bytes of every part but the last: whole blocks. */
  readonly partSize: number;
  readonly parts: number;
  /** Bytes of the digests of such a part. */
  readonly digestsSize: number;
  /** Of a {@link PartTable}. */
  readonly memory: SharedArrayBuffer;
}

/** How `size` bytes are cut into parts. */
export function cutIntoParts(size: number, blockSize: number, digestSize: number) {
  const partSize = Math.max(PART_SIZE, blockSize);
  return { partSize, parts: Math.ceil(size / partSize), digestsSize: (partSize / blockSize) * digestSize };
}

/** Where parts begin, and their bytes. */
export function bytesOfParts(
  { size, partSize }: HashJob,
  { first, end }: PartRange,
): { offset: number; length: number } {
  const offset = first * partSize;
  return { offset, length: Math.min(end * partSize, size) - offset };
}
