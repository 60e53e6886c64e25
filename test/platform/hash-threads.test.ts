import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { HashThreads } from '../../src/platform/hash-threads.ts';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';
import { verityHasher } from '../../src/platform/verity-hashers.ts';

const threads = new HashThreads(sha256Blocks);
afterAll(() => threads[Symbol.asyncDispose]());

it('give the digests that one thread gives, whatever the blocks, the salt and the moment', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(512, 1024, 4096, 65_536),
      fc.nat({ max: 300 }),
      fc.uint8Array({ maxLength: 256 }),
      fc.nat({ max: 255 }),
      async (blockSize, count, salt, seed) => {
        const blocks = Math.min(count, 6_000_000 / blockSize) | 0;
        const data = new Uint8Array(blocks * blockSize).map((_, index) => (index * 31 + seed) & 0xff);
        const expected = await sha256Blocks.hashBlocks(salt, data, blockSize);
        expect(Buffer.compare(await threads.hashBlocks(salt, data, blockSize), expected)).toBe(0);
        // Lets threads that are still starting come in between.
        await new Promise((next) => setImmediate(next));
      },
    ),
    { numRuns: 150 },
  );
});

it('hash what is longer than the memory they share, with longer digests', async () => {
  const hasher = verityHasher('sha512')!;
  await using others = new HashThreads(hasher);
  const data = new Uint8Array(9 * 1024 * 1024 + 4096).map((_, index) => index & 0xff);
  for (let round = 0; round < 5; round++) {
    const expected = await hasher.hashBlocks(new Uint8Array(32), data, 4096);
    expect(Buffer.compare(await others.hashBlocks(new Uint8Array(32), data, 4096), expected)).toBe(0);
    await new Promise((next) => setTimeout(next, 20));
  }
});

it('still hash after the others were ended', async () => {
  const ended = new HashThreads(sha256Blocks);
  await ended[Symbol.asyncDispose]();
  const data = new Uint8Array(1024 * 1024);
  const expected = await sha256Blocks.hashBlocks(new Uint8Array(0), data, 4096);
  expect(Buffer.compare(await ended.hashBlocks(new Uint8Array(0), data, 4096), expected)).toBe(0);
});

it('do not wait for a thread that died with a part of the work', async () => {
  await using threads = new HashThreads(sha256Blocks);
  const data = new Uint8Array(4 * 1024 * 1024).map((_, index) => index & 0xff);
  const expected = await sha256Blocks.hashBlocks(new Uint8Array(8), data, 4096);
  // Kills the others at random moments while they hash.
  const killed = new Promise<void>((resolve) => {
    setTimeout(() => void threads[Symbol.asyncDispose]().then(resolve), 150);
  });
  for (const end = Date.now() + 400; Date.now() < end; ) {
    expect(Buffer.compare(await threads.hashBlocks(new Uint8Array(8), data, 4096), expected)).toBe(0);
    await new Promise((next) => setImmediate(next));
  }
  await killed;
});
