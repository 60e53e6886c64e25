import { BLOCK_SIZE } from '../block-sink.ts';
import type { FileRun, StoredFile } from './tree.ts';

/** Blocks that a hole is made of at least, and of which stored runs in a file with holes are multiples. */
export const GROUP_BLOCKS = 16;
/** {@link GROUP_BLOCKS} in bytes. */
export const GROUP_SIZE = GROUP_BLOCKS * BLOCK_SIZE;

const GROUP_BITS = Math.log2(GROUP_BLOCKS);
/**
 * Largest chunk used, as log2 of blocks: 1 GiB. The format knows larger ones, but readers that shift in 32 bits
 * would fail, and nothing is gained.
 */
const MAX_CHUNK_BITS = 18;

/** The blocks of the image that hold (part of) a file's content: always consecutive. */
export function storedBlocks({ size, placement }: StoredFile): { start: number; count: number } {
  switch (placement.layout) {
    case 'empty':
      return { start: 0, count: 0 };
    case 'plain':
      return { start: placement.startBlock, count: Math.ceil(size / BLOCK_SIZE) };
    case 'inline':
      return { start: placement.startBlock, count: Math.floor(size / BLOCK_SIZE) };
    case 'compressed':
      return { start: placement.startBlock, count: placement.blocks };
    case 'chunked': {
      const stored = placement.runs.flatMap(({ startBlock }, index) =>
        startBlock === undefined
          ? []
          : [{ start: startBlock, end: startBlock + runLength(size, placement.runs, index) }],
      );
      const start = stored[0]?.start ?? 0;
      return { start, count: (stored.at(-1)?.end ?? start) - start };
    }
  }
}

/** Blocks in a run of a chunked file. */
export function runLength(size: number, runs: readonly FileRun[], index: number): number {
  return (runs[index + 1]?.firstBlock ?? Math.ceil(size / BLOCK_SIZE)) - runs[index]!.firstBlock;
}

/** Log2 of the largest number of blocks to a chunk that lets every run begin with a chunk. */
export function chunkBits(runs: readonly FileRun[]): number {
  let bits = MAX_CHUNK_BITS;
  for (const { firstBlock } of runs) {
    while (bits > GROUP_BITS && firstBlock % 2 ** bits !== 0) bits--;
  }
  return bits;
}

/** Number of chunks, and so of block addresses, of a chunked file. */
export function chunkCount(size: number, bits: number): number {
  return Math.ceil(size / (BLOCK_SIZE * 2 ** bits));
}
