import { BLOCK_SIZE } from '../block-sink.ts';
import { INODE_SLOT } from './layout.ts';

const SLOTS_PER_BLOCK = BLOCK_SIZE / INODE_SLOT;
const NONE = -1;

/**
 * Assigns places in the metadata area to inodes with what follows them.
 *
 * What fits into a block never crosses a block boundary (an inline tail must not), and goes where the least
 * room is left; what is larger begins with a block. Places are counted in slots of 32 bytes from the start of the area.
 */
export class Placement {
  /** Slot of each inode. */
  readonly slots: Uint32Array;
  /** By free slots: blocks with that much room at their end, the latest last. */
  readonly #open: number[][] = Array.from({ length: SLOTS_PER_BLOCK + 1 }, () => []);
  /** By block: the first and last inode that begin there. */
  readonly #first: number[] = [];
  readonly #last: number[] = [];
  /** By inode: the one placed next in the same block. */
  readonly #next: Int32Array;

  /**
   * @param count Number of inodes.
   * @param reserved Bytes at the start of the area that are used otherwise.
   */
  constructor(count: number, reserved: number) {
    this.slots = new Uint32Array(count);
    this.#next = new Int32Array(count).fill(NONE);
    this.#addBlocks(Math.ceil(reserved / INODE_SLOT));
  }

  /** Size of the area so far, in blocks. */
  get blocks(): number {
    return this.#first.length;
  }

  /** Places inode number `index`, which with all that follows it has `length` bytes. */
  place(index: number, length: number): void {
    const needed = Math.ceil(length / INODE_SLOT);
    let block: number;
    let slot: number;
    if (needed > SLOTS_PER_BLOCK) {
      block = this.blocks;
      slot = block * SLOTS_PER_BLOCK;
      this.#addBlocks(needed);
    } else {
      let free = needed;
      while (free < SLOTS_PER_BLOCK && this.#open[free]!.length === 0) free++;
      block = this.#open[free]!.pop() ?? this.#addEmptyBlock();
      slot = (block + 1) * SLOTS_PER_BLOCK - free;
      this.#open[free - needed]!.push(block);
    }
    this.slots[index] = slot;
    if (this.#first[block] === NONE) this.#first[block] = index;
    else this.#next[this.#last[block]!] = index;
    this.#last[block] = index;
  }

  /** Number of an inode: its slot counted from `block`, which may be before the area. */
  nid(index: number, block: number): number {
    return this.slots[index]! - block * SLOTS_PER_BLOCK;
  }

  /** The inodes by their place. */
  *inOrder(): Generator<number> {
    for (const first of this.#first) {
      for (let index = first; index !== NONE; index = this.#next[index]!) yield index;
    }
  }

  /** Adds the blocks for `slots` slots at the end, whose last one stays open. */
  #addBlocks(slots: number): void {
    const free = Math.ceil(slots / SLOTS_PER_BLOCK) * SLOTS_PER_BLOCK - slots;
    for (let done = 0; done < slots; done += SLOTS_PER_BLOCK) this.#addEmptyBlock();
    if (free > 0) this.#open[free]!.push(this.blocks - 1);
  }

  #addEmptyBlock(): number {
    this.#last.push(NONE);
    return this.#first.push(NONE) - 1;
  }
}
