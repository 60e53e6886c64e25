import { afterEach, describe, expect, it, vi } from 'vitest';
import type { VerityHasher } from '../../src/image/block-hasher.ts';
import { handOut, hashParts } from '../../src/platform/hash-parts.ts';
import { allocateShared, sharedRun, WORD } from '../../src/platform/hash-thread-layout.ts';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';

const BLOCK = 64 * 1024;
const salt = new Uint8Array(32).fill(7);
const blocksOf = (count: number, seed: number): Uint8Array =>
  new Uint8Array(count * BLOCK).map((_, index) => (index * seed) >> 8);

afterEach(() => vi.restoreAllMocks());

/** Calls back before the n-th of the operations by which threads agree. */
function before(n: number, callback: () => void): void {
  let count = 0;
  for (const name of ['load', 'store', 'add', 'compareExchange'] as const) {
    const original = Atomics[name] as (...args: unknown[]) => number;
    vi.spyOn(Atomics, name).mockImplementation(((...args: unknown[]) => {
      count += 1;
      if (count === n) callback();
      return original.apply(Atomics, args);
    }) as never);
  }
}

describe('a thread that is late', () => {
  // Two operations find that there is no part left; the rest is behind the end, or of the run that is handed out.
  it.each(Array.from({ length: 6 }, (_, index) => index + 1))(
    'may see the next run handed out before its operation %i',
    async (operation) => {
      const run = sharedRun(allocateShared());
      const hashed: number[] = [];
      const counting: VerityHasher = {
        ...sha256Blocks,
        hashBlocks: (by, data, blockSize) => {
          hashed.push(data.byteOffset);
          return sha256Blocks.hashBlocks(by, data, blockSize);
        },
      };
      handOut(run, salt, blocksOf(1, 3), BLOCK);
      hashParts(run, sha256Blocks);
      const next = blocksOf(5, 11);
      let parts = 0;
      before(operation, () => {
        parts = handOut(run, salt, next, BLOCK);
      });
      hashParts(run, counting);
      vi.restoreAllMocks();
      if (parts === 0) parts = handOut(run, salt, next, BLOCK);
      hashParts(run, counting);
      expect(hashed).toHaveLength(5);
      expect(new Set(hashed).size).toBe(5);
      expect(run.words[WORD.partsDone]).toBe(parts);
      const expected = await sha256Blocks.hashBlocks(salt, next, BLOCK);
      expect(Buffer.compare(run.digests.subarray(0, expected.length), expected)).toBe(0);
    },
  );
});

it.each(Array.from({ length: 10 }, (_, index) => index + 1))(
  'a thread finds no part before operation %i of handing a run out',
  async (operation) => {
    const run = sharedRun(allocateShared());
    handOut(run, salt, blocksOf(1, 3), BLOCK);
    hashParts(run, sha256Blocks);
    const next = blocksOf(5, 11);
    const isReady: boolean[] = [];
    before(operation, () => {
      vi.restoreAllMocks();
      hashParts(run, {
        ...sha256Blocks,
        hashBlocks: (by, data, blockSize) => {
          isReady.push(Buffer.compare(run.data.subarray(0, next.length), next) === 0);
          return sha256Blocks.hashBlocks(by, data, blockSize);
        },
      });
    });
    const parts = handOut(run, salt, next, BLOCK);
    vi.restoreAllMocks();
    hashParts(run, sha256Blocks);
    expect(isReady).not.toContain(false);
    expect(run.words[WORD.partsDone]).toBe(parts);
    const expected = await sha256Blocks.hashBlocks(salt, next, BLOCK);
    expect(Buffer.compare(run.digests.subarray(0, expected.length), expected)).toBe(0);
  },
);

it('a run has no more parts than tickets can tell', () => {
  const run = sharedRun(allocateShared());
  // Blocks larger than a part are parts of their own, and so few.
  expect(handOut(run, salt, new Uint8Array(4 * 1024 * 1024), 512)).toBe(64);
});
