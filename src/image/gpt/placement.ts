import { ImageError } from '../error.ts';
import { MINIMUM_FIRST_USABLE_LBA, SECTOR_SIZE, TABLE_SECTORS } from './layout.ts';

/** What a partition may measure, in bytes: multiples of {@link GRAIN}. */
export interface SizeRange {
  readonly minimum: number;
  /** Infinity where it may grow at will. */
  readonly maximum: number;
}

/** Where everything lies in an image file. */
export interface Placement {
  /** Bytes of the file. */
  readonly fileSize: number;
  readonly firstUsableLba: number;
  readonly lastUsableLba: number;
  /** In the order asked for, in bytes: without gaps, multiples of {@link GRAIN}. */
  readonly partitions: readonly { readonly start: number; readonly size: number }[];
}

/** Bytes to whose multiples partitions begin and end (systemd 257 repart.c: `grain_size`). */
export const GRAIN = 4096;

/** Bytes that systemd-repart adds to the minimum sizes of partitions to get the size of the file: 1044 KiB. */
export const FILE_OVERHEAD = 1044 * 1024;

/** Files of up to 4 MiB have their first partition right behind the table (libfdisk alignment.c). */
export const COMPACT_FILE_LIMIT = 4 * 1024 * 1024;

/** Where the first partition of a larger file starts, in bytes (libfdisk alignment.c). */
export const ALIGNED_START = 1024 * 1024;

/**
 * Places partitions as `systemd-repart --empty=create --size=auto` of systemd 257 does.
 *
 * The file is as large as the minimum sizes and {@link FILE_OVERHEAD} together. Above 4 MiB that leaves each
 * partition just its minimum; below, where the table takes less room, the partitions share nearly 1 MiB that is left.
 *
 * @param ranges At least one.
 * @throws ImageError ('out-of-range') for sizes that no file can have.
 */
export function planPartitions(ranges: readonly SizeRange[]): Placement {
  const fileSize = ranges.reduce((sum, { minimum }) => sum + minimum, FILE_OVERHEAD);
  for (const { minimum, maximum } of ranges) {
    if (minimum < GRAIN || minimum % GRAIN !== 0 || maximum < minimum || !Number.isSafeInteger(fileSize)) {
      throw new ImageError('out-of-range', `a partition cannot have ${minimum} to ${maximum} bytes`);
    }
  }
  const sectors = fileSize / SECTOR_SIZE;
  const firstUsableLba =
    fileSize > COMPACT_FILE_LIMIT ? ALIGNED_START / SECTOR_SIZE : MINIMUM_FIRST_USABLE_LBA;
  const lastUsableLba = sectors - 1 - TABLE_SECTORS;
  const first = Math.ceil((firstUsableLba * SECTOR_SIZE) / GRAIN) * GRAIN;
  const end = Math.floor(((lastUsableLba + 1) * SECTOR_SIZE) / GRAIN) * GRAIN;

  let start = first;
  const partitions = distribute(end - first, ranges).map((size) => {
    const partition = { start, size };
    start += size;
    return partition;
  });
  return { fileSize, firstUsableLba, lastUsableLba, partitions };
}

/**
 * Divides `span` bytes among partitions of equal weight (systemd 257 repart.c: `context_grow_partitions_phase`): those
 * whose minimum exceeds an equal share get their minimum, then those whose maximum is below it their maximum,
 * then the others equal shares in whole grains.
 */
function distribute(span: number, ranges: readonly SizeRange[]): number[] {
  const sizes = new Map<SizeRange, number>();
  let left = span;
  const share = (): number => Math.floor(left / (ranges.length - sizes.size));
  const settle = (choose: (range: SizeRange) => number | undefined): boolean => {
    const before = sizes.size;
    for (const range of ranges) {
      const size = sizes.has(range) ? undefined : choose(range);
      if (size === undefined) continue;
      sizes.set(range, size);
      left -= size;
    }
    return sizes.size > before;
  };
  // A partition that is settled changes the share of the others, so each rule is applied until it finds nothing.
  while (settle(({ minimum }) => (minimum > share() ? minimum : undefined)));
  while (settle(({ maximum }) => (maximum < share() ? maximum : undefined)));
  settle(({ minimum }) => Math.max(Math.floor(share() / GRAIN) * GRAIN, minimum));
  return ranges.map((range) => sizes.get(range)!);
}
