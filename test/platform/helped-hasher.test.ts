import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hashSomePart, openOffer, WORD } from '../../src/platform/hash-offer.ts';
import { HelpedHasher } from '../../src/platform/helped-hasher.ts';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';
import { beforeAtomics } from '../support/before-atomics.ts';

const BLOCK = 4096;
const SIZE = 4 * 1024 * 1024;
const salt = new Uint8Array(32).fill(7);

afterEach(() => vi.restoreAllMocks());

/** The hasher, and what it must give. */
function hasherOver(seed: number) {
  const hasher = new HelpedHasher(SIZE, 2);
  const { memory } = hasher.shared;
  for (let at = 0; at < SIZE; at += 64) memory[at] = (at * seed) >> 6;
  const expected = (from = 0, to = SIZE) => sha256Blocks.hashBlocks(salt, memory.slice(from, to), BLOCK);
  const offer = openOffer(hasher.offer);
  /** Of the run that is taken by turns. */
  const words = (turn: number) => offer[turn % 2]!.words;
  return { hasher, memory, expected, offer, words };
}

/** A thread that hashes what is on offer, without end. */
async function startHelper(hasher: HelpedHasher): Promise<Worker> {
  const module = new URL('../../src/platform/hash-offer.ts', import.meta.url).href;
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(({ hashSomePart, openOffer }) => {
      const offer = openOffer(workerData);
      parentPort.postMessage('started');
      for (;;) if (!hashSomePart(offer)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.1);
    });`;
  const worker = new Worker(code, { eval: true, workerData: hasher.offer });
  await once(worker, 'message');
  return worker;
}

describe('a helped hasher', () => {
  it('gives the digests of one that nobody helps, whoever hashed what', async () => {
    const { hasher, memory, expected, offer } = hasherOver(31);
    for (const helped of [0, 1, 5, 63, 64, 100]) {
      const take = hasher.shared.begin(salt, memory);
      for (let part = 0; part < helped; part++) expect(hashSomePart(offer)).toBe(part < 64);
      expect(Buffer.compare(take(), await expected())).toBe(0);
    }
    expect(hashSomePart(offer)).toBe(false);
  });

  it('is helped by a thread, with run after run', async () => {
    const { hasher, memory, expected } = hasherOver(57);
    const helper = await startHelper(hasher);
    try {
      for (let run = 0; run < 300; run++) {
        const from = (run % 60) * BLOCK;
        const to = from + (1 + ((run * 37) % 900)) * BLOCK;
        memory[from] = run;
        const take = hasher.shared.begin(salt, memory.subarray(from, to));
        if (run % 3 === 0) await setTimeout(1);
        expect(Buffer.compare(take(), await expected(from, to))).toBe(0);
      }
    } finally {
      await helper.terminate();
    }
  });

  it('has as many runs begun as are offered, ended in their order', async () => {
    const { hasher, memory, expected, offer } = hasherOver(17);
    const middle = 100 * BLOCK;
    const first = hasher.shared.begin(salt, memory.subarray(0, middle));
    const second = hasher.shared.begin(salt, memory.subarray(middle));
    for (let part = 0; part < 20; part++) hashSomePart(offer);
    expect(Buffer.compare(first(), await expected(0, middle))).toBe(0);
    const third = hasher.shared.begin(salt, memory.subarray(BLOCK, middle));
    for (let part = 0; part < 20; part++) hashSomePart(offer);
    expect(Buffer.compare(second(), await expected(middle))).toBe(0);
    expect(Buffer.compare(third(), await expected(BLOCK, middle))).toBe(0);
  });

  it('hashes what lies elsewhere, or is too long, at once', async () => {
    const { hasher, expected, offer } = hasherOver(3);
    const take = hasher.shared.begin(salt, hasher.shared.memory.slice());
    expect(hashSomePart(offer)).toBe(false);
    expect(Buffer.compare(take(), await expected())).toBe(0);
    const large = new HelpedHasher(2 * SIZE, 2);
    const all = large.shared.memory;
    const takeAll = large.shared.begin(salt, all);
    expect(hashSomePart(openOffer(large.offer))).toBe(false);
    expect(Buffer.compare(takeAll(), await sha256Blocks.hashBlocks(salt, all.slice(), BLOCK))).toBe(0);
  });

  it('does not wait for a thread that took a part and died, and offers nothing again', async () => {
    const { hasher, memory, expected, offer, words } = hasherOver(11);
    const take = hasher.shared.begin(salt, memory);
    // What a thread does first.
    Atomics.add(words(0), WORD.ticket, 1);
    expect(Buffer.compare(take(), await expected())).toBe(0);
    const again = hasher.shared.begin(salt, memory);
    expect(hashSomePart(offer)).toBe(false);
    expect(Buffer.compare(again(), await expected())).toBe(0);
  });
});

// Finding that there is no part left takes two operations, taking one and hashing it seven.
it.each(Array.from({ length: 7 }, (_, index) => index + 1))(
  'a thread that is late may see the next run offered before its operation %i',
  async (operation) => {
    const { hasher, memory, offer, words } = hasherOver(5);
    const first = memory.subarray(0, 16 * BLOCK);
    const next = memory.subarray(32 * BLOCK, 112 * BLOCK);
    for (let turn = 0; turn < 2; turn++) hasher.shared.begin(salt, first)();
    let take: (() => Uint8Array) | undefined;
    beforeAtomics(operation, () => {
      vi.restoreAllMocks();
      take = hasher.shared.begin(salt, next);
    });
    while (hashSomePart(offer));
    vi.restoreAllMocks();
    take ??= hasher.shared.begin(salt, next);
    expect(Buffer.compare(take(), await sha256Blocks.hashBlocks(salt, next.slice(), BLOCK))).toBe(0);
    expect(words(0)[WORD.partsDone]).toBe(5);
  },
);

it.each(Array.from({ length: 8 }, (_, index) => index + 1))(
  'a thread finds no part before operation %i of offering a run, unless the run is whole',
  async (operation) => {
    const { hasher, memory, offer, words } = hasherOver(9);
    for (let turn = 0; turn < 2; turn++) hasher.shared.begin(salt, memory.subarray(0, 16 * BLOCK))();
    const next = memory.subarray(32 * BLOCK, 112 * BLOCK);
    beforeAtomics(operation, () => {
      vi.restoreAllMocks();
      while (hashSomePart(offer));
    });
    const take = hasher.shared.begin(salt, next);
    vi.restoreAllMocks();
    expect(Buffer.compare(take(), await sha256Blocks.hashBlocks(salt, next.slice(), BLOCK))).toBe(0);
    expect(words(0)[WORD.partsDone]).toBe(5);
  },
);
