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
  /** Blocks that have content. */
  readonly #content = new SparseBits();
  /** By block: 0 if it has no content, else one behind it, before which all have. */
  readonly #nextFree: Uint32Array;
  /** By block: the blocks of the longest extent that starts there. */
  readonly #extentBlocks: Uint32Array;
  /** Blocks that extents start with, and those that follow in them. */
  readonly #extentStarts = new SparseBits();
  readonly #interior = new SparseBits();

  /** @throws ImageError ('out-of-range' for a file system that is too large to check). */
  constructor({ blocks, blockSize, end }: Superblock) {
    if (blocks > MAX_BLOCKS)
      throw new ImageError(
        'out-of-range',
        `EROFS: ${blocks} blocks are more than can be checked (${MAX_BLOCKS})`,
      );
    this.#blockSize = blockSize;
    this.#nextFree = new Uint32Array(blocks + 1);
    this.#extentBlocks = new Uint32Array(blocks);
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
      const until = this.#content.addUntil(block, end);
      this.#nextFree.fill(until, block, until);
      const [from, to] = unitsOf(block * this.#blockSize, until * this.#blockSize);
      if (this.#inodeUnits.hasAny(from, to) || this.#sharedUnits.hasAny(from, to)) return false;
    }
    return true;
  }

  /** The same, where other content may only be the same or its beginning. */
  addExtent(start: number, size: number): boolean {
    const first = start / this.#blockSize;
    const blocks = Math.ceil(size / this.#blockSize);
    const known = this.#extentBlocks[first]!;
    if (this.#interior.has(first)) return false;
    if (blocks <= known) return true;
    this.#extentBlocks[first] = blocks;
    this.#extentStarts.add(first);
    const end = first + blocks;
    const next = this.#extentStarts.firstIn(first + Math.max(1, known), end);
    if (!this.#interior.addRange(first + Math.max(1, known), next) || next < end) return false;
    return this.addContent(start, size);
  }

  #hasContent(start: number, end: number): boolean {
    return this.#content.hasAny(Math.floor(start / this.#blockSize), Math.ceil(end / this.#blockSize));
  }

  /** The first block from one on that has no content; shortens the way there for the next time. */
  #free(from: number): number {
    const next = this.#nextFree;
    let block = from;
    while (next[block]! !== 0) {
      const behind = next[next[block]!]!;
      if (behind !== 0) next[block] = behind;
      block = next[block]!;
    }
    return block;
  }
}

function unitsOf(start: number, end: number): [number, number] {
  return [Math.floor(start / UNIT), Math.ceil(end / UNIT)];
}
