import { BLOCK_SIZE } from '../block-sink.ts';
import type { PieceEncoder } from '../compression/piece-encoder.ts';
import { EXTENT_NUMBERS, type ExtentList, extentPlace } from './extent-list.ts';

/** A file, or a part of one, that is to be encoded. Plain data, so that threads can be given it. */
export interface ContentPart {
  /** Bytes; a multiple of the block size where `isLast` is not. */
  readonly length: number;
  /** Whether it is a whole file, which is left as it is where it does not become smaller. */
  readonly isWhole: boolean;
  /** Whether the file ends with it. */
  readonly isLast: boolean;
  /** Most bytes that its end may have beside the inode, when compressed and when not; 0 for none. */
  readonly tailLimits: { readonly compressed: number; readonly flat: number };
}

/** What became of a {@link ContentPart}. */
export interface EncodedPart {
  /** Whether the content is as it was: blocks, and the rest of it in the tail or, filled up with zeros, in the last block. */
  readonly isFlat: boolean;
  readonly extents: ExtentList;
  /** How many of the batch's blocks and bytes of tails are its own; they follow those of the part before. */
  readonly blocks: number;
  readonly tailSize: number;
}

/** What became of all parts of a batch. */
export interface EncodedBatch {
  readonly parts: readonly EncodedPart[];
  readonly blocks: Uint8Array;
  readonly tails: Uint8Array;
}

/**
 * What became of a batch, moved from the encoder's memory to where the content was; to memory of its own where that is too
 * small, as it may be for many small files with blocks of their own.
 */
export function moveTo(buffer: Uint8Array, { parts, blocks, tails }: EncodedBatch): EncodedBatch {
  const end = blocks.length + tails.length;
  if (end > buffer.length) return { parts, blocks: blocks.slice(), tails: tails.slice() };
  buffer.set(blocks);
  buffer.set(tails, blocks.length);
  return { parts, blocks: buffer.subarray(0, blocks.length), tails: buffer.subarray(blocks.length, end) };
}

/** Bytes that a compressed inode has more than its index: what aligns the map header, and the header. */
const MAP_OVERHEAD = 16;
/** Bytes of the index for one lcluster, at most. */
const INDEX_BYTES = 4;
/** What compression must save, in bytes, to be worth the kernel's effort: where an inode takes less, nothing becomes smaller. */
const LEAST_GAIN = 32;

/** What less than a block beside the inode must save, in bytes, for its content to be compressed again. */
const LEAST_TAIL_GAIN = 1024;

/** Encodes batches of content into pclusters, one after the other. The same batch gives the same bytes. */
export class BatchEncoder {
  readonly #encoder: PieceEncoder;
  readonly #cluster: Uint8Array;
  readonly #blocks = new GrowingBytes();
  readonly #tails = new GrowingBytes();

  /** @param clusterSize Bytes of the largest pcluster. */
  constructor(encoder: PieceEncoder, clusterSize: number) {
    this.#encoder = encoder;
    this.#cluster = new Uint8Array(clusterSize);
  }

  /** @param content That of all parts, one after the other. The result's bytes are good until the next call. */
  encode(content: Uint8Array, parts: readonly ContentPart[]): EncodedBatch {
    this.#blocks.clear();
    this.#tails.clear();
    this.#encoder.load(content);
    const encoded: EncodedPart[] = [];
    let start = 0;
    for (const part of parts) {
      encoded.push(this.#encodePart(content, start, part));
      start += part.length;
    }
    return { parts: encoded, blocks: this.#blocks.bytes(), tails: this.#tails.bytes() };
  }

  #encodePart(content: Uint8Array, start: number, part: ContentPart): EncodedPart {
    const firstBlock = this.#blocks.size;
    const firstTail = this.#tails.size;
    this.#encoder.begin();
    const extents = this.#compress(content, start, part);
    if (part.isWhole) {
      const index = MAP_OVERHEAD + INDEX_BYTES * Math.ceil(part.length / BLOCK_SIZE);
      const compressedSize = this.#blocks.size - firstBlock + this.#tails.size - firstTail + index;
      const restSize = part.length % BLOCK_SIZE;
      const hasTail = restSize <= part.tailLimits.flat;
      const flatSize = part.length + (hasTail || restSize === 0 ? 0 : BLOCK_SIZE - restSize);
      if (compressedSize + LEAST_GAIN > flatSize) {
        this.#blocks.cut(firstBlock);
        this.#tails.cut(firstTail);
        const inBlocks = part.length - (hasTail ? restSize : 0);
        this.#addPlain(content.subarray(start, start + inBlocks));
        this.#tails.add(content.subarray(start + inBlocks, start + part.length));
        return this.#part(true, new Uint32Array(0), firstBlock, firstTail);
      }
    }
    return this.#part(false, extents, firstBlock, firstTail);
  }

  #part(isFlat: boolean, extents: ExtentList, firstBlock: number, firstTail: number): EncodedPart {
    const blocks = (this.#blocks.size - firstBlock) / BLOCK_SIZE;
    return { isFlat, extents, blocks, tailSize: this.#tails.size - firstTail };
  }

  /** Compresses what becomes smaller by at least a block, and takes the rest as it is. */
  #compress(content: Uint8Array, start: number, part: ContentPart): ExtentList {
    const extents: number[] = [];
    const end = start + part.length;
    const tailLimit = part.isLast ? part.tailLimits.compressed : 0;
    for (let at = start; at < end; ) {
      const rest = end - at;
      if (rest <= BLOCK_SIZE && tailLimit === 0) {
        at += this.#plain(content.subarray(at, end), extents);
        continue;
      }
      let piece = this.#encoder.encode(at, end, this.#cluster);
      if (piece.length === rest && tailLimit > 0) {
        if (piece.size <= tailLimit && this.#isUsable(piece.size, rest)) {
          this.#tails.add(this.#cluster.subarray(0, piece.size));
          extents.push(rest, extentPlace(0, true));
          break;
        }
        if (rest <= tailLimit) {
          this.#tails.add(content.subarray(at, end));
          extents.push(rest, extentPlace(0, false));
          break;
        }
        // Less than a block of it would be in a block of its own, unless it is left for the tail.
        const whole = piece.size - (piece.size % BLOCK_SIZE);
        const gain = BLOCK_SIZE - (piece.size - whole);
        if (whole > 0 && BLOCK_SIZE - gain <= tailLimit && gain >= LEAST_TAIL_GAIN)
          piece = this.#encoder.encode(at, end, this.#cluster.subarray(0, whole), true);
      }
      const blocks = Math.ceil(piece.size / BLOCK_SIZE);
      if (piece.length > blocks * BLOCK_SIZE && this.#isUsable(piece.size, piece.length)) {
        // Decoders skip zeros at the start.
        const target = this.#blocks.claim(blocks * BLOCK_SIZE);
        target.set(this.#cluster.subarray(0, piece.size), target.length - piece.size);
        extents.push(piece.length, extentPlace(blocks, true));
        at += piece.length;
      } else {
        const whole = Math.max(BLOCK_SIZE, piece.length - (piece.length % BLOCK_SIZE));
        at += this.#plain(content.subarray(at, Math.min(at + whole, end)), extents);
      }
    }
    return Uint32Array.from(extents);
  }

  /** Whether what is in the cluster can be told from the zeros before it, and is smaller than the content. */
  #isUsable(size: number, length: number): boolean {
    return size < length && this.#cluster[0] !== 0;
  }

  #plain(content: Uint8Array, extents: number[]): number {
    const blocks = this.#addPlain(content);
    const last = extents.length - EXTENT_NUMBERS;
    const isAfterPlain =
      last >= 0 &&
      extents[last]! % BLOCK_SIZE === 0 &&
      extents[last + 1]! === extentPlace(extents[last]! / BLOCK_SIZE, false);
    if (isAfterPlain) {
      extents[last] = extents[last]! + content.length;
      extents[last + 1] = extents[last + 1]! + extentPlace(blocks, false);
    } else {
      extents.push(content.length, extentPlace(blocks, false));
    }
    return content.length;
  }

  /** Adds content as it is, filled up to whole blocks, and returns how many. */
  #addPlain(content: Uint8Array): number {
    const blocks = Math.ceil(content.length / BLOCK_SIZE);
    this.#blocks.claim(blocks * BLOCK_SIZE).set(content);
    return blocks;
  }
}

/** Bytes that become more, in memory that is used again. */
class GrowingBytes {
  #memory = new Uint8Array(BLOCK_SIZE);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#size = 0;
  }

  cut(size: number): void {
    this.#size = size;
  }

  add(bytes: Uint8Array): void {
    this.claim(bytes.length).set(bytes);
  }

  /** The next `length` bytes, zeros, to be filled before the next call. */
  claim(length: number): Uint8Array {
    const end = this.#size + length;
    if (end > this.#memory.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#memory.length));
      larger.set(this.bytes());
      this.#memory = larger;
    }
    const claimed = this.#memory.subarray(this.#size, end).fill(0);
    this.#size = end;
    return claimed;
  }

  bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#size);
  }
}
