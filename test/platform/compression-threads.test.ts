import { describe, expect, test } from 'vitest';
import { BATCH_SIZE, type BatchCompressor } from '../../src/image/erofs/compressed-files.ts';
import type { CompressionSettings } from '../../src/image/erofs/compression-settings.ts';
import type { ContentPart, EncodedBatch } from '../../src/image/erofs/encode-batch.ts';
import { ImmediateCompressor } from '../../src/image/erofs/immediate-compressor.ts';
import { CompressionThreads } from '../../src/platform/compression-threads.ts';
import { compressors } from '../../src/platform/compressors.ts';
import { contentOf } from '../image/erofs/compressed-contents.ts';

const settings: CompressionSettings = { method: 'lz4hc', level: 3, clusterSize: 16_384, tailPacking: true };
const tailLimits = { compressed: 3000, flat: 3500 };

/** Some files that are encoded together. */
function batch(number: number): { content: Uint8Array; parts: ContentPart[] } {
  const files = [
    contentOf('text', number * 1000, 5000),
    contentOf('program', number << 16, BATCH_SIZE / 2),
    contentOf('noise', number * 100, 4100),
    contentOf('zeros', 0, 100),
  ];
  const parts = files.map(({ length }) => ({ length, isWhole: true, isLast: true, tailLimits }));
  return { content: Buffer.concat(files), parts };
}

async function encodeAll(compressor: BatchCompressor, count: number): Promise<EncodedBatch[]> {
  const results: Promise<EncodedBatch>[] = [];
  for (let number = 0; number < count; number++) {
    const buffer = await compressor.takeBuffer();
    const { content, parts } = batch(number);
    buffer.set(content);
    const encoded = compressor.encode(buffer, parts).then((result) => {
      const kept = { ...result, blocks: result.blocks.slice(), tails: result.tails.slice() };
      compressor.giveBack(buffer);
      return kept;
    });
    results.push(encoded);
  }
  return Promise.all(results);
}

const digestible = ({ parts, blocks, tails }: EncodedBatch): object => ({
  parts,
  blocks: Buffer.from(blocks).toString('latin1'),
  tails: Buffer.from(tails).toString('latin1'),
});

describe('threads', () => {
  test.each([settings, { ...settings, method: 'zstd' as const }])(
    'encode as the calling thread does, before they have started and after: $method',
    async (given) => {
      await using threads = new CompressionThreads(given);
      const found = await encodeAll(threads, 30);
      const expected = await encodeAll(new ImmediateCompressor(given, compressors), 30);
      for (const [index, encoded] of found.entries()) {
        expect(encoded.parts).toEqual(expected[index]!.parts);
        expect(JSON.stringify(digestible(encoded)) === JSON.stringify(digestible(expected[index]!))).toBe(
          true,
        );
      }
    },
  );

  test('that are ended refuse what comes, and what they have not begun', async () => {
    const threads = new CompressionThreads(settings);
    await encodeAll(threads, 10);
    const { content, parts } = batch(0);
    const buffer = await threads.takeBuffer();
    buffer.set(content);
    const begun = threads.encode(buffer, parts).then(
      () => 'done',
      (error: unknown) => String(error),
    );
    await threads[Symbol.asyncDispose]();
    await expect(threads.encode(buffer, parts)).rejects.toThrow('were ended');
    expect(['done', 'Error: the threads that compress were ended']).toContain(await begun);
  });

  test('give no more memory than there is', async () => {
    await using threads = new CompressionThreads(settings);
    const taken: Uint8Array[] = [];
    let isFull = false;
    while (!isFull && taken.length < 100) {
      const next = threads.takeBuffer();
      if (next instanceof Promise) {
        isFull = true;
        threads.giveBack(taken.pop() as Uint8Array<SharedArrayBuffer>);
        await next;
      } else taken.push(next);
    }
    expect(isFull).toBe(true);
    expect(taken.length * BATCH_SIZE).toBeLessThan(32 << 20);
  });
});
