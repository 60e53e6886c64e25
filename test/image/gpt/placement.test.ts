import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALIGNED_START, COMPACT_FILE_LIMIT, planPartitions } from '../../../src/image/gpt/placement.ts';
import { hashTreeBlocks } from '../../../src/image/verity/hash-tree.ts';

const SIGNATURE = { minimum: 16384, maximum: 16384 };

/** The partitions of an image with a file system of so many blocks. */
function ranges(blocks: number, signed: boolean) {
  const grows = (minimum: number) => ({ minimum, maximum: Number.POSITIVE_INFINITY });
  const verity = [grows(4096 * blocks), grows(4096 * (1 + hashTreeBlocks(blocks)))];
  return signed ? [...verity, SIGNATURE] : verity;
}

/** Start and size of each partition in sectors, and the sectors of the file. */
function inSectors(blocks: number, signed: boolean) {
  const { partitions, fileSize } = planPartitions(ranges(blocks, signed));
  return [...partitions.map(({ start, size }) => [start / 512, size / 512]), fileSize / 512];
}

// As in images that systemd-repart 257.13 made.
describe('systemd-repart', () => {
  test.each([
    [1, [40, 1008], [1048, 1016], [2064, 32], 2136],
    [126, [40, 1512], [1552, 1520], [3072, 32], 3144],
    [131, [40, 1048], [1088, 2040], [3128, 32], 3200],
    [251, [40, 2008], [2048, 2040], [4088, 32], 4160],
    [501, [40, 4008], [4048, 2056], [6104, 32], 6176],
    [748, [40, 5984], [6024, 2072], [8096, 32], 8168],
    [751, [40, 6008], [6048, 2072], [8120, 32], 8192],
    [752, [2048, 6016], [8064, 64], [8128, 32], 8200],
    [753, [2048, 6024], [8072, 64], [8136, 32], 8208],
    [10448, [2048, 83584], [85632, 672], [86304, 32], 86376],
  ])('places a signed file system of %d blocks so', (blocks, ...expected) => {
    expect(inSectors(blocks, true)).toEqual(expected);
  });

  test.each([
    [1, [40, 1008], [1048, 1016], 2104],
    [126, [40, 1512], [1552, 1520], 3112],
    [251, [40, 2024], [2064, 2024], 4128],
    [501, [40, 4008], [4048, 2056], 6144],
    [753, [40, 6024], [6064, 2072], 8176],
    [756, [2048, 6048], [8096, 64], 8200],
    [10001, [2048, 80008], [82056, 648], 82744],
  ])('places an unsigned file system of %d blocks so', (blocks, ...expected) => {
    expect(inSectors(blocks, false)).toEqual(expected);
  });
});

test('places without gaps, in whole grains, between the tables, with the room that each needs', () => {
  const anyBlocks = fc.oneof(fc.integer({ min: 1, max: 1200 }), fc.integer({ min: 1, max: 2 ** 32 - 1 }));
  fc.assert(
    fc.property(anyBlocks, fc.boolean(), (blocks, signed) => {
      const wanted = ranges(blocks, signed);
      const { fileSize, firstUsableLba, lastUsableLba, partitions } = planPartitions(wanted);
      expect(partitions.length).toBe(wanted.length);
      let end = partitions[0]!.start;
      partitions.forEach(({ start, size }, index) => {
        expect(start).toBe(end);
        expect(start % 4096).toBe(0);
        expect(size % 4096).toBe(0);
        expect(size).toBeGreaterThanOrEqual(wanted[index]!.minimum);
        expect(size).toBeLessThanOrEqual(wanted[index]!.maximum);
        end = start + size;
      });
      expect(partitions[0]!.start).toBeGreaterThanOrEqual(512 * firstUsableLba);
      expect(end).toBeLessThanOrEqual(512 * (lastUsableLba + 1));
      expect(512 * (lastUsableLba + 34)).toBe(fileSize);
      if (fileSize > COMPACT_FILE_LIMIT) {
        expect(partitions[0]!.start).toBe(ALIGNED_START);
        expect(partitions.map(({ size }) => size)).toEqual(wanted.map(({ minimum }) => minimum));
      }
    }),
    { numRuns: 500 },
  );
});

test.each([0, 4095, 4096.5, Number.NaN, 2 ** 53])('refuses a partition of %d bytes', (minimum) => {
  expect(() => planPartitions([{ minimum, maximum: Number.POSITIVE_INFINITY }])).toThrow(
    expect.objectContaining({ name: 'ImageError', code: 'out-of-range' }),
  );
});
