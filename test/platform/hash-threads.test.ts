import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { VerityHasher } from '../../src/image/block-hasher.ts';
import { ByteRange } from '../../src/image/byte-range.ts';
import type { ByteSource } from '../../src/image/byte-source.ts';
import { dissectImage } from '../../src/image/dissection.ts';
import { hashSource } from '../../src/image/verity/hash-source.ts';
import { verifyHashTree } from '../../src/image/verity/verify-tree.ts';
import { FileByteSource } from '../../src/platform/file-byte-source.ts';
import { HashThreads } from '../../src/platform/hash-threads.ts';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';
import type * as StartThread from '../../src/platform/start-thread.ts';
import { verityHasher } from '../../src/platform/verity-hashers.ts';
import { noise, writeTestImage } from '../image/write-test-image.ts';

/** What is started in place of the next threads. */
const instead = vi.hoisted(() => ({ threads: [] as (() => Worker)[] }));
vi.mock('../../src/platform/start-thread.ts', async (original) => {
  const real = await original<typeof StartThread>();
  const startThread: typeof real.startThread = (...args) =>
    instead.threads.shift()?.() ?? real.startThread(...args);
  return { startThread };
});

const BLOCK = 4096;
const MEBIBYTE = 1024 * 1024;
const SALT = new Uint8Array(32).fill(5);

let directory: string;
let path: string;
let handle: FileHandle;
let file: FileByteSource;
/** More than there is room for at once. */
const SIZE = 80 * MEBIBYTE;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hash-threads-'));
  path = join(directory, 'file');
  writeFileSync(path, noise(SIZE / BLOCK));
  handle = await open(path);
  file = await FileByteSource.of(handle);
});
afterAll(async () => {
  await handle.close();
  rmSync(directory, { recursive: true });
});
afterEach(() => vi.restoreAllMocks());

/** Digests that do not stay, put together. */
async function together(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

/** Compares the digests of threads with those of the calling thread. */
async function expectSame(
  threads: HashThreads,
  source: ByteSource,
  {
    hasher = sha256Blocks,
    salt = SALT,
    blockSize = BLOCK,
    pause = async () => {},
  }: {
    hasher?: VerityHasher;
    salt?: Uint8Array;
    blockSize?: number;
    pause?: () => Promise<void>;
  } = {},
): Promise<void> {
  const expected = await together(hashSource(source, hasher, salt, blockSize));
  const found: Buffer[] = [];
  for await (const piece of threads.hashSource(source, hasher, salt, blockSize)) {
    found.push(Buffer.from(piece));
    await pause();
  }
  expect(Buffer.compare(Buffer.concat(found), expected)).toBe(0);
}

const started = () => new Promise((next) => setTimeout(next, 150));

/** Bytes that this process has read by system calls, those of asking for it among them. */
const bytesRead = () => Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1]);

describe('give the digests that one thread gives', () => {
  it('whatever the blocks, the salt, the place in the file, and the moment', async () => {
    await using threads = new HashThreads(3);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('sha256', 'sha512', 'blake2b-512'),
        fc.constantFrom(512, 4096, 524_288),
        fc.nat({ max: 5 * MEBIBYTE }),
        fc.nat({ max: 100_000 }),
        fc.uint8Array({ maxLength: 256 }),
        async (algorithm, blockSize, bytes, start, salt) => {
          const size = Math.ceil(bytes / blockSize) * blockSize;
          const source = new ByteRange(new ByteRange(file, 100, SIZE - 100), start, size);
          await expectSame(threads, source, { hasher: verityHasher(algorithm)!, salt, blockSize });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('of more than there is room for, also where they are used slowly', async () => {
    await using threads = new HashThreads(2);
    await expectSame(threads, file);
    let pieces = 0;
    const pause = async () => {
      pieces += 1;
      if (pieces % 40 === 0) await new Promise((next) => setTimeout(next, 5));
    };
    await expectSame(threads, file, { pause });
  });

  it('of a source that is no file, and where there is one processor', async () => {
    const bytes = noise(300);
    await using threads = new HashThreads(2);
    await expectSame(threads, { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) });
    await using none = new HashThreads(0);
    await expectSame(none, file);
  });
});

describe('are missed by nobody', () => {
  it('when they cannot run', async () => {
    await using threads = new HashThreads(2);
    // A hash that they do not find.
    await expectSame(threads, file, { hasher: { ...sha256Blocks, algorithm: 'unknown' } });
  });

  it.each([0, 20, 40, 60, 80])('when they are killed after %i milliseconds', async (delay) => {
    const threads = new HashThreads(2);
    const hashed = expectSame(threads, file);
    await new Promise((next) => setTimeout(next, delay));
    await threads[Symbol.asyncDispose]();
    await hashed;
    await expectSame(threads, new ByteRange(file, 0, MEBIBYTE));
  });

  it('when they were ended before', async () => {
    const threads = new HashThreads(2);
    await threads[Symbol.asyncDispose]();
    await expectSame(threads, new ByteRange(file, 0, 3 * MEBIBYTE));
  });

  it('when one of them dies with a part of the work', async () => {
    const taken = replaceFirst('throw new Error("it died")');
    await using threads = new HashThreads(3);
    await started();
    await expectSame(threads, file);
    await taken;
  });

  it('when they cannot read what the calling thread can', async () => {
    // Only written to.
    const descriptor = openSync(join(directory, 'other'), 'w');
    const source = new ByteRange({ ...reading(file), file: { descriptor, offset: 0 } }, 0, 5 * MEBIBYTE);
    await using threads = new HashThreads(2);
    await started();
    await expectSame(threads, source);
    closeSync(descriptor);
  });
});

describe('hold nobody', () => {
  it('when one of them waits for a disk that does not answer', async () => {
    const taken = replaceFirst('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)');
    const threads = new HashThreads(2);
    let isHashed = false;
    const hashed = expectSame(threads, file).then(() => {
      isHashed = true;
    });
    await taken;
    await started();
    await started();
    // Its part is missing; but time passes.
    expect(isHashed).toBe(false);
    await threads[Symbol.asyncDispose]();
    await hashed;
  });

  it('who needs no more digests: they read no further', async () => {
    await using threads = new HashThreads(2);
    await started();
    for await (const _ of threads.hashSource(file, sha256Blocks, SALT, BLOCK)) break;
    await started();
    const before = bytesRead();
    await started();
    expect(bytesRead() - before).toBeLessThan(100_000);
  });

  it('who is slow: they read no more than there is room for', async () => {
    await using threads = new HashThreads(2);
    await started();
    const before = bytesRead();
    for await (const _ of threads.hashSource(file, sha256Blocks, SALT, BLOCK)) {
      await started();
      await started();
      break;
    }
    expect(bytesRead() - before).toBeLessThan(66 * MEBIBYTE);
  });

  it('who closes the file once they are ended, in the middle of it', async () => {
    for (let round = 0; round < 5; round++) {
      const threads = new HashThreads(2);
      await started();
      const pieces = threads.hashSource(file, sha256Blocks, SALT, BLOCK);
      await pieces.next();
      await threads[Symbol.asyncDispose]();
      const before = bytesRead();
      await new Promise((next) => setTimeout(next, 30));
      expect(bytesRead() - before).toBeLessThan(100_000);
      await pieces.return(undefined);
    }
  });
});

describe('what cannot be read', () => {
  // Where the calling thread is slow, another has what cannot be read.
  it.each([0, 20])(
    'is told as the source tells it, behind the digests before it (%i ms a read)',
    async (delay) => {
      const short = join(directory, 'short');
      writeFileSync(short, noise(20 * 256));
      await using opened = await open(short);
      const whole = await FileByteSource.of(opened);
      truncateSync(short, 10.5 * MEBIBYTE);
      const source: ByteSource = {
        size: whole.size,
        file: whole.file,
        read: async (offset, length) => {
          await new Promise((next) => setTimeout(next, delay));
          return whole.read(offset, length);
        },
      };
      await using threads = new HashThreads(2);
      await started();
      const found: Buffer[] = [];
      const reading = async () => {
        for await (const piece of threads.hashSource(source, sha256Blocks, SALT, BLOCK)) {
          found.push(Buffer.from(piece));
        }
      };
      await expect(reading()).rejects.toMatchObject({
        code: 'malformed',
        message: `the image became shorter than ${20 * MEBIBYTE} bytes while it was read`,
      });
      const there = new ByteRange(whole, 0, 10.5 * MEBIBYTE);
      const expected = await together(hashSource(there, sha256Blocks, SALT, BLOCK));
      expect(Buffer.compare(Buffer.concat(found), expected)).toBe(0);
    },
  );

  it('has the error of the disk', async () => {
    const descriptor = openSync(directory, 'r');
    const error = new Error('EIO: i/o error, read');
    const source = {
      size: 5 * MEBIBYTE,
      file: { descriptor, offset: 0 },
      read: () => Promise.reject(error),
    };
    await using threads = new HashThreads(2);
    for (const isStarted of [false, true]) {
      if (isStarted) await started();
      await expect(together(threads.hashSource(source, sha256Blocks, SALT, BLOCK))).rejects.toBe(error);
    }
    closeSync(descriptor);
  });
});

describe('a hash tree verified by them', () => {
  const blocks = 6000;
  const image = () => join(directory, 'image');
  beforeAll(() => writeTestImage(image(), noise(blocks), undefined));

  /** Verifies with the calling thread, and with others. */
  async function verifyTwice(threads: HashThreads, onProgress?: (done: number, total: number) => void) {
    await using opened = await open(image());
    const source = await FileByteSource.of(opened);
    const { tree, rootHash } = await dissectImage(source, { hasherFor: verityHasher });
    const alone = await verifyHashTree(tree!, { rootHash: rootHash! });
    const together = await verifyHashTree(tree!, {
      rootHash: rootHash!,
      data: threads,
      ...(onProgress && { onProgress }),
    });
    return { alone, together };
  }

  it('has the same findings, whatever blocks are bad', async () => {
    const bytes = readFileSync(image());
    const first = MEBIBYTE;
    await using threads = new HashThreads(2);
    const bad = fc.array(fc.nat(blocks - 1), { maxLength: 40 });
    // The data partition, and some of the tree behind it.
    const place = fc.oneof(
      fc.constant([]),
      fc.array(fc.nat(blocks * BLOCK + 40 * BLOCK - 1), { maxLength: 2 }),
    );
    await fc.assert(
      fc.asyncProperty(bad, place, async (numbers, places) => {
        const changed = Buffer.from(bytes);
        for (const number of numbers) changed[first + number * BLOCK + 17]! ^= 1;
        for (const at of places) changed[first + at]! ^= 1;
        writeFileSync(image(), changed);
        const { alone, together } = await verifyTwice(threads);
        expect(together).toEqual(alone);
        if (numbers.length > 0 && places.length === 0) expect(together).toHaveLength(1);
      }),
      { numRuns: 25 },
    );
    writeFileSync(image(), bytes);
  });

  it('tells of progress every few mebibytes, and that all is done', async () => {
    await using threads = new HashThreads(2);
    await started();
    const steps: number[] = [];
    let last = 0;
    let of = 0;
    await verifyTwice(threads, (done, total) => {
      steps.push(done - last);
      last = done;
      of = total;
    });
    expect(Math.max(...steps)).toBeLessThanOrEqual(4 * MEBIBYTE);
    expect(last).toBe(of);
  });

  it('ends when it is told to', async () => {
    await using opened = await open(image());
    const { tree, rootHash } = await dissectImage(await FileByteSource.of(opened), {
      hasherFor: verityHasher,
    });
    await using threads = new HashThreads(2);
    const controller = new AbortController();
    let seen = 0;
    const onProgress = () => {
      seen += 1;
      if (seen === 5) controller.abort(new Error('enough'));
    };
    const options = { rootHash: rootHash!, data: threads, onProgress, cancellation: controller.signal };
    await expect(verifyHashTree(tree!, options)).rejects.toThrow('enough');
    expect(seen).toBe(5);
  });
});

/** A source that is no file. */
function reading(source: ByteSource): ByteSource {
  return { size: source.size, read: (offset, length) => source.read(offset, length) };
}

/** The first thread to be started is one that takes a part of the work and then does something else. Waits until it has. */
function replaceFirst(action: string): Promise<unknown> {
  const table = new URL('../../src/platform/part-table.ts', import.meta.url).href;
  const script = `
    const { parentPort } = process.getBuiltinModule('node:worker_threads');
    parentPort.on('message', async (job) => {
      const { PartTable } = await import('${table}');
      if (new PartTable(job).takeOrWait() === undefined) return;
      parentPort.postMessage('taken');
      ${action};
    });`;
  return new Promise((resolve) => {
    instead.threads.push(() => new Worker(script, { eval: true }).once('message', resolve));
  });
}
