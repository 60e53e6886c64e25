import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlockHasher } from '../../src/image/block-hasher.ts';
import { DdiWriter, type DdiWriterOptions } from '../../src/image/ddi.ts';
import { ImageError } from '../../src/image/error.ts';
import type { ImageFile } from '../../src/image/image-file.ts';
import { BUFFERS_SIZE } from '../../src/image/write-pipeline.ts';
import { hmacSha256, sha256 } from '../../src/platform/hash.ts';
import { hashSomePart, openOffer } from '../../src/platform/hash-offer.ts';
import { HelpedHasher } from '../../src/platform/helped-hasher.ts';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';
import { MemoryFile } from './memory-file.ts';
import { testSigner } from './test-signer.ts';

const SEED = new Uint8Array(16).fill(7);
const SALT = hmacSha256(SEED, Buffer.from('verity-salt'));

function makeWriter(file: ImageFile, options: Partial<DdiWriterOptions> = {}): DdiWriter {
  return new DdiWriter({
    file,
    architecture: 'x86-64',
    seed: SEED,
    signer: undefined,
    hasher: sha256Blocks,
    hmac: hmacSha256,
    sha256,
    ...options,
  });
}

/** Blocks that differ by their numbers. */
function blocksOf(numbers: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4096 * numbers.length, 0xaa);
  numbers.forEach((number, index) => {
    bytes.writeUInt32LE(number, 4096 * index);
    bytes.writeUInt32LE(number, 4096 * index + 4092);
  });
  return bytes;
}

function digestsOf(numbers: readonly number[]): Uint8Array {
  return Buffer.concat(
    numbers.map((number) =>
      createHash('sha256')
        .update(SALT)
        .update(blocksOf([number]))
        .digest(),
    ),
  );
}

/** A data partition beside a list of the numbers of its blocks, to both of which the same is done. */
class ModelledPartition {
  readonly #file = new MemoryFile();
  readonly #hasher = new HelpedHasher(BUFFERS_SIZE, 2);
  readonly #writer = makeWriter(this.#file, { hasher: this.#hasher });
  #model: number[] = [];
  #next = 1;

  get blocks(): number {
    return this.#model.length;
  }

  async append(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, () => this.#next++);
    const bytes = blocksOf(numbers);
    await this.#writer.sink.append(bytes);
    // The sink has copied them.
    bytes.fill(0xee);
    this.#model.push(...numbers);
    expect(this.#writer.sink.blocks).toBe(this.blocks);
  }

  async truncate(blocks: number): Promise<void> {
    this.#model = this.#model.slice(0, blocks);
    await this.#writer.sink.truncate(blocks);
    expect(this.#writer.sink.blocks).toBe(blocks);
  }

  async replace(block: number): Promise<void> {
    this.#model[block] = this.#next++;
    await this.#writer.sink.replace(block, blocksOf([this.#model[block]]));
  }

  /** Hashes what another thread could hash meanwhile, as far as there is some of it. */
  help(parts: number): void {
    const offer = openOffer(this.#hasher.offer);
    for (let part = 0; part < parts; part++) hashSomePart(offer);
  }

  async checkDigests(start: number, count: number): Promise<void> {
    const numbers = this.#model.slice(start, start + count);
    const digests = await this.#writer.sink.digests(start, numbers.length);
    expect(Buffer.compare(digests, digestsOf(numbers))).toBe(0);
  }

  /** The file must be the one that the same blocks give when they come at once. */
  async finish(): Promise<void> {
    const summary = await this.#writer.finish();
    const file = new MemoryFile();
    const writer = makeWriter(file);
    const blocks = blocksOf(this.#model);
    await writer.sink.append(blocks);
    expect(summary).toEqual(await writer.finish());
    expect(Buffer.compare(this.#file.content, file.content)).toBe(0);
    const start = 512 * summary.partitions[0]!.firstLba;
    expect(Buffer.compare(file.content.subarray(start, start + blocks.length), blocks)).toBe(0);
  }
}

/** What is done to a partition. Places are parts of what is there when it is done. */
type Step =
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'truncate'; readonly place: number }
  | { readonly kind: 'replace'; readonly place: number }
  | { readonly kind: 'digests'; readonly place: number; readonly count: number }
  | { readonly kind: 'help'; readonly parts: number };

const place = fc.nat(1000).map((part) => part / 1000);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('append'), count: fc.integer({ min: 1, max: 900 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('append'), count: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate'), place }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace'), place }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('digests'), place, count: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('help'), parts: fc.nat(40) }) },
  ),
  { minLength: 1, maxLength: 16, size: 'max' },
);

describe('the data partition', () => {
  test('gives the same file for the same blocks, whatever was truncated and replaced before', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const partition = new ModelledPartition();
        for (const step of steps) {
          if (step.kind === 'append') await partition.append(step.count);
          else if (step.kind === 'help') partition.help(step.parts);
          else if (step.kind === 'truncate')
            await partition.truncate(Math.round(step.place * partition.blocks));
          else if (partition.blocks === 0) continue;
          else if (step.kind === 'replace')
            await partition.replace(Math.floor(step.place * (partition.blocks - 1)));
          else await partition.checkDigests(Math.floor(step.place * partition.blocks), step.count);
        }
        await partition.append(1);
        await partition.finish();
      }),
      { numRuns: 40 },
    );
  });

  test('clears what was in the file already and then dropped', async () => {
    for (const left of [70, 900]) {
      const partition = new ModelledPartition();
      await partition.append(2000);
      await partition.truncate(left);
      await partition.finish();
    }
  });

  // 763 blocks wait in memory until the end.
  test.each([762, 763, 764])('is right around block %d', async (block) => {
    const partition = new ModelledPartition();
    await partition.append(1300);
    await partition.replace(block);
    await partition.checkDigests(block - 1, 3);
    await partition.truncate(block);
    await partition.append(1100);
    await partition.replace(block - 1);
    await partition.finish();
  });

  test('replaces a block that is on its way to the file', async () => {
    const partition = new ModelledPartition();
    await partition.append(1300);
    await partition.replace(900);
    await partition.finish();
  });

  test('hashes a buffer before it is filled again, whichever is written first', async () => {
    const partition = new ModelledPartition();
    for (let buffer = 0; buffer < 8; buffer++) {
      await partition.append(763 + 512 * buffer - partition.blocks);
      await partition.append(1);
    }
    await partition.finish();
  });

  test('keeps few writes under way, and takes a hasher that answers later', async () => {
    const file = new MemoryFile();
    const later: BlockHasher = {
      ...sha256Blocks,
      hashBlocks: async (salt, data, blockSize) => sha256Blocks.hashBlocks(salt, data, blockSize),
    };
    const writer = makeWriter(file, { hasher: later });
    const numbers = Array.from({ length: 5000 }, (_, index) => index);
    await writer.sink.append(blocksOf(numbers));
    await writer.finish();
    expect(file.mostUnderWay).toBeGreaterThan(1);
    expect(file.mostUnderWay).toBeLessThanOrEqual(4);
    expect(Buffer.compare(file.content.subarray(1 << 20, (1 << 20) + 5000 * 4096), blocksOf(numbers))).toBe(
      0,
    );
  });

  test('writes nothing before it is known where the partition begins', async () => {
    const file = new MemoryFile();
    const { sink } = makeWriter(file);
    await sink.append(new Uint8Array(750 * 4096));
    await sink.digests(0, 750);
    expect(file.content.length).toBe(0);
  });

  test('takes more than 4 GiB', async () => {
    const mebibyte = new Uint8Array(1024 * 1024);
    let end = 0;
    const file: ImageFile = {
      write: async (bytes, position) => {
        end = Math.max(end, position + bytes.length);
      },
      truncate: async () => {},
    };
    const hasher: BlockHasher = {
      ...sha256Blocks,
      hashBlocks: (_salt, data, blockSize) => new Uint8Array((32 * data.length) / blockSize),
    };
    const writer = makeWriter(file, { hasher });
    for (let count = 0; count < 4100; count++) await writer.sink.append(mebibyte);
    const { fileSize, partitions } = await writer.finish();
    // Levels of 8200, 65 and 1 blocks above 1,049,600.
    expect(fileSize).toBe(1069056 + 4096 * (4100 * 256 + 1 + 8200 + 65 + 1));
    expect(partitions.map(({ firstLba }) => firstLba)).toEqual([2048, 2048 + 4100 * 2048]);
    expect(end).toBe(fileSize);
  });
});

describe('errors', () => {
  /** A file on a disk that is full after so many writes. */
  function fullDisk(writes: number): ImageFile & { readonly error: Error } {
    const error = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    let left = writes;
    return {
      error,
      write: async () => {
        left -= 1;
        if (left < 0) throw error;
      },
      truncate: async () => {},
    };
  }

  test.each([0, 1, 5, 12])('a disk that is full after %d writes is reported as it is', async (writes) => {
    const file = fullDisk(writes);
    const writer = makeWriter(file);
    const build = async () => {
      for (let count = 0; count < 40; count++) await writer.sink.append(new Uint8Array(1 << 20));
      await writer.finish();
    };
    await expect(build()).rejects.toBe(file.error);
  });

  test('a write that failed is reported while blocks still come', async () => {
    const file = fullDisk(0);
    const { sink } = makeWriter(file);
    const append = async () => {
      for (let count = 0; count < 12; count++) await sink.append(new Uint8Array(1 << 20));
    };
    await expect(append()).rejects.toBe(file.error);
  });

  test('what is not whole blocks or not there is refused', async () => {
    const { sink } = makeWriter(new MemoryFile());
    await sink.append(new Uint8Array(3 * 4096));
    const refused = { name: 'ImageError', code: 'out-of-range' };
    const calls: (() => unknown)[] = [
      () => sink.append(new Uint8Array(0)),
      () => sink.append(new Uint8Array(4095)),
      () => sink.truncate(4),
      () => sink.truncate(-1),
      () => sink.truncate(0.5),
      () => sink.replace(3, new Uint8Array(4096)),
      () => sink.replace(0, new Uint8Array(8192)),
      () => sink.digests(1, 3),
      () => sink.digests(-1, 1),
    ];
    for (const call of calls) await expect((async () => call())()).rejects.toMatchObject(refused);
    expect(sink.blocks).toBe(3);
  });

  test('an image without blocks and a seed of another size are refused', async () => {
    await expect(makeWriter(new MemoryFile()).finish()).rejects.toThrow('the file system has no blocks');
    expect(() => makeWriter(new MemoryFile(), { seed: new Uint8Array(15) })).toThrow(ImageError);
  });

  test('the error of a signer comes through and leaves the file empty', async () => {
    const file = new MemoryFile();
    const error = new Error('the token was removed');
    const writer = makeWriter(file, { signer: { ...testSigner('rsa'), sign: () => Promise.reject(error) } });
    await writer.sink.append(new Uint8Array(4096));
    await expect(writer.finish()).rejects.toBe(error);
    expect(file.content.length).toBe(0);
  });
});
