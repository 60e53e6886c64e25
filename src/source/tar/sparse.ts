import type { ByteString } from '../../base/byte-string.ts';
import type { ByteCursor, Reading } from './byte-cursor.ts';
import { numberField } from './header.ts';
import { FIELD, GNU_EXTENSION, GNU_REGION_SIZE, LIMIT, RECORD_SIZE } from './layout.ts';
import { paxInteger } from './pax.ts';

/** A stretch of a sparse file that is in the archive; between them there are holes. */
export interface SparseRegion {
  /** Where in the file, in bytes. */
  readonly offset: number;
  readonly length: number;
}

/** Pieces of holes: nothing is ever written to it. */
const ZEROS = new Uint8Array(1024 * 1024);

/**
 * Whether regions are in order, do not overlap, end within the file, and hold as many bytes as the archive does.
 * Empty regions, by which GNU tar marks the end, may be there.
 */
export function isSparseMap(regions: readonly SparseRegion[], realSize: number, storedSize: number): boolean {
  let end = 0;
  let stored = 0;
  for (const { offset, length } of regions) {
    if (offset < end || offset + length > realSize) return false;
    end = offset + length;
    stored += length;
  }
  return stored === storedSize;
}

/** The content of a sparse file: what the archive holds, with the holes filled in. */
export async function* fillHoles(
  regions: readonly SparseRegion[],
  realSize: number,
  next: (limit: number) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (const { offset, length } of [...regions, { offset: realSize, length: 0 }]) {
    while (position < offset) {
      const hole = ZEROS.subarray(0, Math.min(ZEROS.length, offset - position));
      position += hole.length;
      yield hole;
    }
    for (const end = offset + length; position < end; ) {
      const piece = await next(end - position);
      position += piece.length;
      yield piece;
    }
  }
}

/**
 * The map of the old GNU format ("Old GNU Format" in the tar manual): four regions in the header, more in the
 * blocks after it. Undefined where it is damaged.
 */
export function* readGnuSparseMap(
  header: Uint8Array,
  cursor: ByteCursor,
): Reading<{ regions: SparseRegion[]; realSize: number } | undefined> {
  const realSize = numberField(header, FIELD.gnuRealSize);
  if (realSize === undefined || realSize < 0) return undefined;
  const regions: SparseRegion[] = [];
  const { offset, length } = FIELD.gnuSparse;
  if (!takeGnuRegions(header, offset, length / GNU_REGION_SIZE, regions)) return undefined;
  let isExtended = header[FIELD.gnuIsExtended.offset] !== 0;
  while (isExtended) {
    if (regions.length > LIMIT.sparseRegions) return undefined;
    const block = yield* cursor.take(RECORD_SIZE);
    if (block.length < RECORD_SIZE || !takeGnuRegions(block, 0, GNU_EXTENSION.regions, regions))
      return undefined;
    isExtended = block[GNU_EXTENSION.isExtendedOffset] !== 0;
  }
  return { regions, realSize };
}

function takeGnuRegions(block: Uint8Array, start: number, count: number, regions: SparseRegion[]): boolean {
  for (let index = 0; index < count; index++) {
    const at = start + index * GNU_REGION_SIZE;
    // Unused places are empty.
    if (block[at] === 0) return true;
    const offset = numberField(block, { offset: at, length: 12 });
    const length = numberField(block, { offset: at + 12, length: 12 });
    if (offset === undefined || length === undefined || offset < 0 || length < 0) return false;
    regions.push({ offset, length });
  }
  return true;
}

/** What the `GNU.sparse.*` records of an extended header say (the formats 0.0, 0.1 and 1.0 of GNU tar). */
export interface PaxSparse {
  /** Undefined for format 1.0, whose map is at the start of the content. */
  readonly regions: SparseRegion[] | undefined;
  readonly realSize: number;
  readonly name: ByteString | undefined;
}

const PAX_PREFIX = 'GNU.sparse.';

/** Whether a record of an extended header is about a sparse file. */
export function isSparseRecord(keyword: ByteString): boolean {
  return keyword.startsWith(PAX_PREFIX);
}

/** Gathers `GNU.sparse.*` records as they come. */
export class PaxSparseRecords {
  readonly #numbers: ByteString[] = [];
  readonly #values = new Map<ByteString, ByteString>();

  /** Takes one of these records. */
  take(keyword: ByteString, value: ByteString): void {
    if (keyword === 'GNU.sparse.offset' || keyword === 'GNU.sparse.numbytes') this.#numbers.push(value);
    // One by one, since a call takes only so many arguments.
    else if (keyword === 'GNU.sparse.map') for (const number of value.split(',')) this.#numbers.push(number);
    else this.#values.set(keyword.slice(PAX_PREFIX.length), value);
  }

  /** What they say; undefined if there are none, `damaged` if they make no sense. */
  result(): PaxSparse | undefined | 'damaged' {
    if (this.#values.size === 0) return undefined;
    const realSize = paxInteger(this.#values.get('realsize') ?? this.#values.get('size') ?? '');
    if (realSize === undefined) return 'damaged';
    const name = this.#values.get('name');
    if (this.#values.get('major') === '1') return { regions: undefined, realSize, name };
    const regions = pairs(this.#numbers.map(paxInteger));
    return regions === undefined ? 'damaged' : { regions, realSize, name };
  }
}

/** The map at the start of the content (format 1.0): decimal numbers, one a line, padded to a whole record. */
export function* readLeadingSparseMap(
  cursor: ByteCursor,
): Reading<{ regions: SparseRegion[]; length: number } | undefined> {
  const numbers: number[] = [];
  let wanted = 1;
  let digits = '';
  let length = 0;
  while (numbers.length < wanted) {
    const block = yield* cursor.take(RECORD_SIZE);
    if (block.length < RECORD_SIZE) return undefined;
    length += RECORD_SIZE;
    for (const byte of block) {
      if (numbers.length === wanted) break;
      if (byte !== 0x0a) {
        digits += String.fromCharCode(byte);
        if (digits.length > 20) return undefined;
        continue;
      }
      const number = paxInteger(digits);
      if (number === undefined) return undefined;
      digits = '';
      if (numbers.length === 0) {
        if (number > LIMIT.sparseRegions) return undefined;
        wanted = 1 + 2 * number;
      }
      numbers.push(number);
    }
  }
  const regions = pairs(numbers.slice(1));
  return regions === undefined ? undefined : { regions, length };
}

function pairs(numbers: readonly (number | undefined)[]): SparseRegion[] | undefined {
  if (numbers.length % 2 !== 0 || numbers.length / 2 > LIMIT.sparseRegions) return undefined;
  const regions: SparseRegion[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    const [offset, length] = [numbers[index], numbers[index + 1]];
    if (offset === undefined || length === undefined) return undefined;
    regions.push({ offset, length });
  }
  return regions;
}
