import { BLOCK_SIZE } from '../block-sink.ts';
import {
  BLOCK_COUNT_FLAG,
  LARGE_PACK,
  LCLUSTER_TYPE,
  PACK_ADDRESS_SIZE,
  PACKED_NUMBER_BITS,
  SMALL_PACK,
} from './compressed-layout.ts';
import { EXTENT_NUMBERS, type ExtentList, extentBlocks, isExtentCompressed } from './extent-list.ts';
import type { IndexLocation } from './index-location.ts';

/** What a file's index is made for. */
export interface PackedIndex {
  /** Bytes of the file. */
  readonly size: number;
  readonly location: Extract<IndexLocation, { kind: 'compact' }>;
  /** Address of its first pcluster; the others follow. */
  readonly startBlock: number;
  /** Whether pclusters may have several blocks. */
  readonly hasBlockCounts: boolean;
}

/** Makes the compact index of a file from its extents. An lcluster has one block. */
export class IndexPacker {
  readonly #index: PackedIndex;
  /** The pack that is being filled: types, and of heads the offsets, of others the distances backwards. */
  readonly #types = new Uint8Array(LARGE_PACK.lclusters);
  readonly #numbers = new Uint16Array(LARGE_PACK.lclusters);
  /** Of others than heads: the distances forwards. */
  readonly #ahead = new Uint16Array(LARGE_PACK.lclusters);
  #filled = 0;
  #lcluster = 0;
  /** Where the next extent begins in the file. */
  #position = 0;
  #nextBlock: number;
  /** Address that the heads of the pack count from; undefined before anything depends on it. */
  #base: number | undefined;
  #output = new Uint8Array(0);
  #written = 0;

  constructor(index: PackedIndex) {
    this.#index = index;
    this.#nextBlock = index.startBlock;
  }

  /** Takes the next extents and returns the packs that are complete. */
  add(extents: ExtentList): Uint8Array {
    let length = 0;
    for (let at = 0; at < extents.length; at += EXTENT_NUMBERS) length += extents[at]!;
    this.#begin(length);
    for (let at = 0; at < extents.length; at += EXTENT_NUMBERS) {
      const place = extents[at + 1]!;
      const blocks = extentBlocks(place);
      if (isExtentCompressed(place) || blocks === 0) this.#extent(extents[at]!, place);
      else this.#plainBlocks(extents[at]!);
    }
    return this.#output.subarray(0, this.#written);
  }

  /** The last packs, once all extents are there. */
  end(): Uint8Array {
    this.#begin(BLOCK_SIZE);
    const offset = this.#position % BLOCK_SIZE;
    // A head at the end of the content marks where the last extent ends, unless it began in that lcluster itself.
    if (offset > 0 && this.#lcluster * BLOCK_SIZE < this.#position)
      this.#head(LCLUSTER_TYPE.plain, offset, this.#nextBlock);
    if (this.#filled > 0) this.#writePack();
    return this.#output.subarray(0, this.#written);
  }

  #begin(length: number): void {
    const packs = Math.ceil(length / BLOCK_SIZE / SMALL_PACK.lclusters) + 2;
    this.#output = new Uint8Array(packs * SMALL_PACK.size + LARGE_PACK.size);
    this.#written = 0;
  }

  #plainBlocks(length: number): void {
    for (let done = 0; done < length; done += BLOCK_SIZE) {
      this.#extent(Math.min(BLOCK_SIZE, length - done), 2);
    }
  }

  #extent(length: number, place: number): void {
    const blocks = extentBlocks(place);
    const type = isExtentCompressed(place) ? LCLUSTER_TYPE.head1 : LCLUSTER_TYPE.plain;
    const start = this.#position;
    const end = start + length;
    this.#head(type, start % BLOCK_SIZE, this.#nextBlock);
    const first = Math.floor(start / BLOCK_SIZE);
    const next = Math.floor(end / BLOCK_SIZE);
    for (let lcluster = first + 1; lcluster < next; lcluster++) {
      const isCount = this.#index.hasBlockCounts && lcluster === first + 1;
      const number = isCount ? BLOCK_COUNT_FLAG | Math.max(1, blocks) : lcluster - first;
      if (isCount) this.#base ??= this.#nextBlock;
      this.#entry(LCLUSTER_TYPE.nonHead, number, next - lcluster);
    }
    this.#nextBlock += blocks;
    this.#position = end;
  }

  #head(type: number, offset: number, block: number): void {
    // Without counts, every head is one block behind the head before, also the first behind the base.
    this.#base ??= block - (this.#index.hasBlockCounts ? 0 : 1);
    this.#entry(type, offset, 0);
  }

  #entry(type: number, number: number, ahead: number): void {
    this.#types[this.#filled] = type;
    this.#numbers[this.#filled] = number;
    this.#ahead[this.#filled] = ahead;
    this.#filled += 1;
    this.#lcluster += 1;
    if (this.#filled === this.#pack(this.#lcluster - 1).lclusters) this.#writePack();
  }

  #pack(lcluster: number): typeof SMALL_PACK | typeof LARGE_PACK {
    const { smallBefore, large } = this.#index.location;
    return lcluster >= smallBefore && lcluster < smallBefore + large ? LARGE_PACK : SMALL_PACK;
  }

  #writePack(): void {
    const { size, lclusters } = this.#pack(this.#lcluster - 1);
    const entryBits = ((size - PACK_ADDRESS_SIZE) * 8) / lclusters;
    const output = this.#output;
    for (let index = 0; index < this.#filled; index++) {
      let number = this.#numbers[index]!;
      const isLast = index + 1 === lclusters;
      // The last one of a pack tells how far the next head is.
      if (isLast && this.#types[index] === LCLUSTER_TYPE.nonHead && (number & BLOCK_COUNT_FLAG) === 0)
        number = this.#ahead[index]!;
      const bit = index * entryBits;
      const value = ((this.#types[index]! << PACKED_NUMBER_BITS) | number) << (bit & 7);
      const at = this.#written + (bit >>> 3);
      output[at] = output[at]! | value;
      output[at + 1] = output[at + 1]! | (value >>> 8);
      if (value > 0xffff) output[at + 2] = output[at + 2]! | (value >>> 16);
    }
    const base = this.#base ?? this.#nextBlock;
    new DataView(output.buffer).setUint32(this.#written + size - PACK_ADDRESS_SIZE, base, true);
    this.#written += size;
    this.#filled = 0;
    this.#base = undefined;
  }
}
