import { ImageError } from '../../error.ts';
import { SUPERBLOCK_OFFSET, XATTR_UNIT } from '../layout.ts';
import type { Superblock } from '../read-superblock.ts';
import { SparseBits } from '../sparse-bits.ts';

/** Most blocks of a file system that is checked: some 9 bytes are needed for each. */
const MAX_BLOCKS = 1 << 26;
/** Metadata starts at multiples of this many bytes. */
const UNIT = XATTR_UNIT;

/**
 * Who uses which bytes of a file system. Inodes must have theirs for themselves; attributes may be shared by inodes,
 * and content by files.
 */
export class SpaceUsage {
  readonly #blockSize: number;
  /** Units that inodes, and shared attributes, take. */
  readonly #inodeUnits = new SparseBits();
  readonly #sharedUnits = new SparseBits();
  /** By block: itself if it has no content, else one behind it, before which all have. */
  readonly #nextFree: Uint32Array;
  /** By block: the blocks of the longest extent that starts there. */
  readonly #extentBlocks: Uint32Array;
  /** Blocks of extents but for the first: a bit each. */
  readonly #interior: Uint32Array;

  /** @throws ImageError ('out-of-range' for a file system that is too large to check). */
  constructor({ blocks, blockSize, end }: Superblock) {
    if (blocks > MAX_BLOCKS)
      throw new ImageError(
        'out-of-range',
        `EROFS: ${blocks} blocks are more than can be checked (${MAX_BLOCKS})`,
      );
    this.#blockSize = blockSize;
    this.#nextFree = new Uint32Array(blocks + 1);
    for (let block = 0; block <= blocks; block++) this.#nextFree[block] = block;
    this.#extentBlocks = new Uint32Array(blocks);
    this.#interior = new Uint32Array(Math.ceil(blocks / 32));
    this.#inodeUnits.addRange(...unitsOf(SUPERBLOCK_OFFSET, end));
  }

  /** An inode with what follows it, in bytes. Whether nothing else is there. */
  addInode(start: number, end: number): boolean {
    const [from, to] = unitsOf(start, end);
    return (
      this.#inodeUnits.addRange(from, to) &&
      !this.#sharedUnits.hasAny(from, to) &&
      !this.#hasContent(start, end)
    );
  }

  /** An attribute that inodes share, in bytes. Whether nothing but others is there. */
  addShared(start: number, end: number): boolean {
    const [from, to] = unitsOf(start, end);
    // What is in the set already was found to be right, or was reported.
    if (!this.#sharedUnits.addRange(from, to)) return true;
    return !this.#inodeUnits.hasAny(from, to) && !this.#hasContent(start, end);
  }

  /** Blocks of content, in bytes, which other content may overlap. Whether no metadata is there. */
  addContent(start: number, size: number): boolean {
    const end = Math.ceil((start + size) / this.#blockSize);
    for (let block = this.#free(start / this.#blockSize); block < end; block = this.#free(block)) {
      const first = block;
      for (; block < end && this.#nextFree[block] === block; block++) this.#nextFree[block] = block + 1;
      const [from, to] = unitsOf(first * this.#blockSize, block * this.#blockSize);
      if (this.#inodeUnits.hasAny(from, to) || this.#sharedUnits.hasAny(from, to)) return false;
    }
    return true;
  }

  /** The same, where other content may only be the same or its beginning. */
  addExtent(start: number, size: number): boolean {
    const first = start / this.#blockSize;
    const blocks = Math.ceil(size / this.#blockSize);
    const known = this.#extentBlocks[first]!;
    if (this.#isInterior(first)) return false;
    if (blocks <= known) return true;
    this.#extentBlocks[first] = blocks;
    for (let block = first + Math.max(1, known); block < first + blocks; block++) {
      if (this.#extentBlocks[block] !== 0 || this.#isInterior(block)) return false;
      this.#interior[block >>> 5] = this.#interior[block >>> 5]! | (1 << (block & 31));
    }
    return this.addContent(start, size);
  }

  #hasContent(start: number, end: number): boolean {
    const block = Math.floor(start / this.#blockSize);
    for (let at = block; at * this.#blockSize < end; at++) if (this.#nextFree[at] !== at) return true;
    return false;
  }

  /** The first block from one on that has no content; shortens the way there for the next time. */
  #free(from: number): number {
    const next = this.#nextFree;
    let block = from;
    while (next[block] !== block) {
      next[block] = next[next[block]!]!;
      block = next[block]!;
    }
    return block;
  }

  #isInterior(block: number): boolean {
    return (this.#interior[block >>> 5]! & (1 << (block & 31))) !== 0;
  }
}

function unitsOf(start: number, end: number): [number, number] {
  return [Math.floor(start / UNIT), Math.ceil(end / UNIT)];
}
