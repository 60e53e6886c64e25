import { BLOCK_SIZE, type BlockSink } from '../block-sink.ts';
import type { Scratch } from '../scratch.ts';
import { compressedTailLimit } from './compressed-inode.ts';
import { type CompressionSettings, checkCompressionSettings } from './compression-settings.ts';
import { crc32c } from './crc32c.ts';
import type { ContentPart, EncodedBatch } from './encode-batch.ts';
import { asBytes, hasCompressedExtents } from './extent-list.ts';
import { EMPTY_FILE, type FileData, type InodeRoom, SAMPLE_SIZE, wrongLength } from './file-data.ts';
import type { FilePlacement, ScratchRange, StoredFile } from './tree.ts';

/** Most bytes of content that are encoded together, and that a part of a file has. A multiple of the block size. */
export const BATCH_SIZE = 2 << 20;

/** Most parts of a batch, as what is to be said of each is more than the content of the smallest. */
const BATCH_PARTS = 4096;

/** Encodes batches, several at a time where the host has threads for it. */
export interface BatchCompressor {
  /** Memory of {@link BATCH_SIZE} bytes for the content of a batch; waits until there is some. */
  takeBuffer(): Uint8Array | Promise<Uint8Array>;
  /** Takes back memory whose batch is dealt with. */
  giveBack(buffer: Uint8Array): void;
  /**
   * Encodes a batch as `BatchEncoder` does. Results may come in any order.
   *
   * @param buffer From {@link takeBuffer}; its first bytes are the content. The result may take their place, and is good
   * until the buffer is given back.
   */
  encode(buffer: Uint8Array, parts: readonly ContentPart[]): Promise<EncodedBatch>;
}

/** How the files of an image are compressed, and by whom. */
export interface Compression {
  readonly settings: CompressionSettings;
  readonly compressor: BatchCompressor;
}

/** A file whose place is known once the batches with its content are encoded. */
class PendingFile implements StoredFile {
  readonly size: number;
  /** Check sum of the first and last bytes. */
  sample = 0xffff_ffff;
  /** Address of its first block, once that is known. */
  startBlock: number | undefined;
  blocks = 0;
  isCompressed = false;
  readonly extents: ScratchRange[] = [];
  #placement: FilePlacement | undefined;

  constructor(size: number) {
    this.size = size;
  }

  get placement(): FilePlacement {
    if (this.#placement === undefined) throw new TypeError('the place of a file is not known yet');
    return this.#placement;
  }

  set placement(placement: FilePlacement) {
    this.#placement = placement;
  }
}

/** Content that is being gathered. */
interface OpenBatch {
  readonly buffer: Uint8Array;
  readonly parts: ContentPart[];
  readonly files: PendingFile[];
  filled: number;
}

/**
 * Puts the content of files into the sink, compressed. Small files are encoded together and large ones in parts, while
 * others are read and placed; in the sink they are in the order of the calls.
 */
export class CompressedFiles {
  readonly #compressor: BatchCompressor;
  readonly #settings: CompressionSettings;
  readonly #sink: BlockSink;
  readonly #scratch: Scratch;
  readonly #files: FileData;
  #batch: OpenBatch | undefined;
  /** Settles when all batches so far are placed, or one has failed. */
  #placed: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param files Takes what is not compressed, and knows what was stored before.
   * @throws ImageError for settings that are not possible.
   */
  constructor({ settings, compressor }: Compression, sink: BlockSink, scratch: Scratch, files: FileData) {
    checkCompressionSettings(settings);
    this.#settings = settings;
    this.#compressor = compressor;
    this.#sink = sink;
    this.#scratch = scratch;
    this.#files = files;
  }

  /**
   * Takes the content of one file, as `FileData.store` does.
   *
   * @throws ImageError ('malformed' if the content is not `size` bytes), and what went wrong with files before.
   */
  async store(
    size: number,
    room: InodeRoom,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    name: () => string,
  ): Promise<StoredFile> {
    const file = new PendingFile(size);
    const compressedLimit = this.#settings.tailPacking ? compressedTailLimit(size, room.xattrSize) : 0;
    const tailLimits = { compressed: compressedLimit, flat: room.tailLimit };
    let received = 0;
    for await (const piece of content) {
      if (received + piece.length > size) throw wrongLength(name, size, 'more');
      for (let at = 0; at < piece.length; ) {
        const done = received + at;
        const inPart = done % BATCH_SIZE;
        if (inPart === 0) await this.#makeRoom(Math.min(size - done, BATCH_SIZE));
        const batch = this.#batch!;
        const count = Math.min(piece.length - at, BATCH_SIZE - inPart);
        batch.buffer.set(piece.subarray(at, at + count), batch.filled);
        batch.filled += count;
        at += count;
        const isLast = done + count === size;
        if (!isLast && inPart + count < BATCH_SIZE) continue;
        const length = inPart + count;
        this.#sample(
          file,
          batch.buffer.subarray(batch.filled - length, batch.filled),
          done < BATCH_SIZE,
          isLast,
        );
        batch.parts.push({ length, isWhole: length === size, isLast, tailLimits });
        batch.files.push(file);
      }
      received += piece.length;
    }
    if (received < size) throw wrongLength(name, size, `only ${received}`);
    return size === 0 ? EMPTY_FILE : file;
  }

  /** Waits until all files are in the sink. @throws what went wrong with one of them. */
  async end(): Promise<void> {
    this.#submit();
    await this.#placed;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #sample(file: PendingFile, part: Uint8Array, isFirst: boolean, isLast: boolean): void {
    if (isFirst) file.sample = crc32c(part.subarray(0, SAMPLE_SIZE), file.sample);
    if (isLast) file.sample = crc32c(part.subarray(-SAMPLE_SIZE), file.sample);
  }

  /** Has a batch with room for so many bytes. */
  async #makeRoom(length: number): Promise<void> {
    const isFull = (batch: OpenBatch): boolean =>
      batch.filled + length > BATCH_SIZE || batch.parts.length === BATCH_PARTS;
    if (this.#batch !== undefined && isFull(this.#batch)) this.#submit();
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#batch ??= { buffer: await this.#takeBuffer(), parts: [], files: [], filled: 0 };
  }

  /** Memory for a batch. A failure, after which none comes back, ends the wait. */
  async #takeBuffer(): Promise<Uint8Array> {
    const buffer = await this.#compressor.takeBuffer();
    if (this.#failure !== undefined) throw this.#failure.error;
    return buffer;
  }

  #submit(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const encoded = this.#compressor.encode(batch.buffer, batch.parts);
    // It is looked at only when all before are placed; until then it must not count as unhandled.
    encoded.catch(() => undefined);
    this.#placed = this.#placed.then(async () => {
      try {
        if (this.#failure === undefined) await this.#place(batch, await encoded);
      } catch (error) {
        this.#failure = { error };
      } finally {
        this.#compressor.giveBack(batch.buffer);
      }
    });
  }

  async #place({ files, parts }: OpenBatch, encoded: EncodedBatch): Promise<void> {
    let block = 0;
    let tailAt = 0;
    for (const [index, part] of encoded.parts.entries()) {
      const file = files[index]!;
      file.startBlock ??= this.#sink.blocks;
      file.blocks += part.blocks;
      const endBlock = block + part.blocks;
      if (part.blocks > 0)
        await this.#sink.append(encoded.blocks.subarray(block * BLOCK_SIZE, endBlock * BLOCK_SIZE));
      block = endBlock;
      const tail = part.tailSize > 0 ? encoded.tails.subarray(tailAt, tailAt + part.tailSize) : undefined;
      tailAt += part.tailSize;
      if (!part.isFlat) {
        const extents = asBytes(part.extents);
        file.extents.push({ offset: await this.#scratch.append(extents), size: extents.length });
        file.isCompressed ||= hasCompressedExtents(part.extents);
      }
      if (parts[index]!.isLast) await this.#settle(file, file.startBlock, tail);
    }
  }

  /** Decides where a file is whose blocks are in the sink. Without a compressed extent, these are what they would be without compression. */
  async #settle(file: PendingFile, startBlock: number, tail: Uint8Array | undefined): Promise<void> {
    const { size, blocks, extents } = file;
    if (!file.isCompressed) {
      const flat = await this.#files.settle({ size, startBlock, sample: file.sample, tail });
      file.placement = flat.placement;
      return;
    }
    const range = tail && { offset: await this.#scratch.append(tail), size: tail.length };
    const placement: FilePlacement = { layout: 'compressed', startBlock, blocks, extents, tail: range };
    file.placement = (await this.#files.withoutDuplicate({ size, placement }, file.sample)).placement;
  }
}
