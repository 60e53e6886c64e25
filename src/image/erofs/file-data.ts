import { BLOCK_SIZE, type BlockSink } from '../block-sink.ts';
import { ImageError } from '../error.ts';
import type { Scratch } from '../scratch.ts';
import { crc32c } from './crc32c.ts';
import { DuplicateFiles } from './duplicate-files.ts';
import { chunkBits, GROUP_BLOCKS, GROUP_SIZE, storedBlocks } from './stored-file.ts';
import type { FilePlacement, FileRun, StoredFile } from './tree.ts';
import { isZero } from './zero.ts';

export const EMPTY_FILE: StoredFile = { size: 0, placement: { layout: 'empty' } };
/** Bytes at either end of a file by which most files of equal size are told apart without asking for digests. */
export const SAMPLE_SIZE = 64;

/** What was found and saved while storing files. */
export interface FileDataCounts {
  /** Files whose content was there already, and its bytes. */
  duplicateFiles: number;
  duplicateBytes: number;
  /** Bytes of zeros that became holes. */
  holeBytes: number;
}

/** A file that is stored as it is. */
interface FlatFile {
  readonly size: number;
  readonly startBlock: number;
  /** Check sum of its first and last bytes. */
  readonly sample: number;
  /** Its last bytes, which are to be beside the inode. */
  readonly tail: Uint8Array | undefined;
}

/** The room beside the inode of a file. */
export interface InodeRoom {
  /** Most bytes that its attributes take. */
  readonly xattrSize: number;
  /** Longest tail, in bytes, that fits beside it without compression; may be negative. */
  readonly tailLimit: number;
}

/** One file on its way into the image. */
interface OpenFile {
  readonly size: number;
  /** Runs and holes so far. */
  readonly runs: FileRun[];
  /** Blocks of the file that were dealt with. */
  blocks: number;
  /** Whether `runs` has a hole, which decides the layout. */
  hasHoles: boolean;
  /** Check sum of the first and last bytes. */
  sample: number;
}

/**
 * Puts the content of files into the sink, one file after the other, as it streams.
 *
 * Content is looked at in groups of 64 KiB: a group of zeros becomes a hole. Whole groups within a piece go to
 * the sink without being copied here.
 */
export class FileData {
  readonly counts: FileDataCounts = { duplicateFiles: 0, duplicateBytes: 0, holeBytes: 0 };
  readonly #sink: BlockSink;
  readonly #scratch: Scratch;
  readonly #duplicates: DuplicateFiles;
  /** The group that is being put together from pieces. */
  readonly #group = new Uint8Array(GROUP_SIZE);

  constructor(sink: BlockSink, scratch: Scratch, fingerprint: (bytes: Uint8Array) => string) {
    this.#sink = sink;
    this.#scratch = scratch;
    this.#duplicates = new DuplicateFiles(sink, scratch, fingerprint);
  }

  /** Where the content is that more than one call of {@link store} gave. */
  get shared(): ReadonlySet<FilePlacement> {
    return this.#duplicates.shared;
  }

  /**
   * Stores one file.
   *
   * @param inlineLimit Longest tail, in bytes, that fits beside the inode.
   * @param name For messages.
   * @throws ImageError ('malformed') if the content is not `size` bytes.
   */
  store(
    size: number,
    inlineLimit: number,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    name: () => string,
  ): StoredFile | Promise<StoredFile> {
    if (size > 0 && size < GROUP_SIZE && Array.isArray(content) && content.length === 1) {
      const whole: Uint8Array = content[0];
      if (whole.length === size) return this.#storeSmall(whole, inlineLimit);
    }
    return this.#storePieces(size, inlineLimit, content, name);
  }

  /** Stores a file of less than a group that is there in one piece, without waiting if it can: most files are such. */
  #storeSmall(content: Uint8Array, inlineLimit: number): StoredFile | Promise<StoredFile> {
    const size = content.length;
    const ends = crc32c(content.subarray(0, SAMPLE_SIZE));
    const sample = crc32c(content.subarray(Math.max(0, size - SAMPLE_SIZE)), ends);
    const tailLength = size % BLOCK_SIZE;
    const tail =
      tailLength > 0 && tailLength <= inlineLimit ? content.subarray(size - tailLength) : undefined;
    const startBlock = this.#sink.blocks;
    const appended = this.#appendBlocks(content.subarray(0, size - (tail?.length ?? 0)));
    const settle = (): StoredFile | Promise<StoredFile> => this.settle({ size, startBlock, sample, tail });
    return appended instanceof Promise ? appended.then(settle) : settle();
  }

  /** Appends less than a group of bytes, zeros behind them up to the end of the last block. */
  #appendBlocks(bytes: Uint8Array): void | Promise<void> {
    if (bytes.length === 0) return;
    if (bytes.length % BLOCK_SIZE === 0) return this.#sink.append(bytes);
    const end = Math.ceil(bytes.length / BLOCK_SIZE) * BLOCK_SIZE;
    this.#group.set(bytes);
    this.#group.fill(0, bytes.length, end);
    return this.#sink.append(this.#group.subarray(0, end));
  }

  async #storePieces(
    size: number,
    inlineLimit: number,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    name: () => string,
  ): Promise<StoredFile> {
    const file: OpenFile = { size, runs: [], blocks: 0, hasHoles: false, sample: 0xffff_ffff };
    let received = 0;
    let fill = 0;
    for await (const piece of content) {
      received += piece.length;
      if (received > size) throw wrongLength(name, size, 'more');
      for (let at = 0; at < piece.length; ) {
        const whole = Math.floor((piece.length - at) / GROUP_SIZE) * GROUP_SIZE;
        if (fill === 0 && whole > 0) {
          await this.#storeGroups(file, piece.subarray(at, at + whole));
          at += whole;
          continue;
        }
        const count = Math.min(piece.length - at, GROUP_SIZE - fill);
        this.#group.set(piece.subarray(at, at + count), fill);
        fill += count;
        at += count;
        if (fill < GROUP_SIZE) continue;
        await this.#storeGroups(file, this.#group);
        fill = 0;
      }
    }
    if (received < size) throw wrongLength(name, size, `only ${received}`);
    return size === 0 ? EMPTY_FILE : this.#finish(file, fill, inlineLimit);
  }

  /** Stores whole groups, those of zeros as holes. */
  async #storeGroups(file: OpenFile, bytes: Uint8Array): Promise<void> {
    if (file.blocks === 0) file.sample = crc32c(bytes.subarray(0, SAMPLE_SIZE), file.sample);
    let stored = 0;
    for (let at = 0; at < bytes.length; at += GROUP_SIZE) {
      if (!isZero(bytes.subarray(at, at + GROUP_SIZE))) continue;
      if (stored < at) await this.#append(file, bytes.subarray(stored, at));
      stored = at + GROUP_SIZE;
      this.#skip(file, GROUP_BLOCKS);
    }
    if (stored < bytes.length) await this.#append(file, stored === 0 ? bytes : bytes.subarray(stored));
  }

  /** Deals with the bytes after the last whole group, and decides where the file is. */
  async #finish(file: OpenFile, fill: number, inlineLimit: number): Promise<StoredFile> {
    const rest = this.#group.subarray(0, fill);
    if (file.blocks === 0) file.sample = crc32c(rest.subarray(0, SAMPLE_SIZE), file.sample);
    file.sample = crc32c(rest.subarray(Math.max(0, fill - SAMPLE_SIZE)), file.sample);
    const tailLength = fill % BLOCK_SIZE;
    const inline = !file.hasHoles && tailLength > 0 && tailLength <= inlineLimit;
    const tail = inline ? rest.subarray(fill - tailLength) : undefined;
    if (file.hasHoles && fill > 0 && isZero(rest)) {
      this.#skip(file, Math.ceil(fill / BLOCK_SIZE));
    } else if (fill - (tail?.length ?? 0) > 0) {
      const end = inline ? fill - tailLength : Math.ceil(fill / BLOCK_SIZE) * BLOCK_SIZE;
      this.#group.fill(0, fill, Math.max(fill, end));
      await this.#append(file, this.#group.subarray(0, end));
    }
    return this.#withoutDuplicate(file, tail);
  }

  async #withoutDuplicate(file: OpenFile, tail: Uint8Array | undefined): Promise<StoredFile> {
    const { size, runs, sample } = file;
    const startBlock = runs.find((run) => run.startBlock !== undefined)?.startBlock ?? this.#sink.blocks;
    if (!file.hasHoles) return this.settle({ size, startBlock, sample, tail });
    const placement: FilePlacement = { layout: 'chunked', chunkBits: chunkBits(runs), runs };
    return this.withoutDuplicate({ size, placement }, sample);
  }

  /** Decides where a file without holes is, whose blocks are in the sink as they are, but for the tail if there is one. */
  settle(file: FlatFile): StoredFile | Promise<StoredFile> {
    return this.#duplicates.isNew(file.size, file.sample) ? this.#add(file) : this.#addUnlessKnown(file);
  }

  async #addUnlessKnown(file: FlatFile): Promise<StoredFile> {
    const stored = placed(file, 0);
    const twin = await this.#duplicates.find(stored, file.sample, file.tail);
    return twin === undefined ? this.#add(file) : this.#forget(stored, twin);
  }

  #add(file: FlatFile): StoredFile | Promise<StoredFile> {
    const add = (tailOffset: number): StoredFile => {
      const added = placed(file, tailOffset);
      this.#duplicates.add(added, file.sample);
      return added;
    };
    const tailOffset = file.tail === undefined ? 0 : this.#scratch.append(file.tail);
    return tailOffset instanceof Promise ? tailOffset.then(add) : add(tailOffset);
  }

  /**
   * A file whose blocks are in the sink, or the one with the same content that was there before; its blocks are
   * then taken back.
   *
   * @param sample Check sum of its first and last bytes.
   */
  async withoutDuplicate(file: StoredFile, sample: number): Promise<StoredFile> {
    const twin = await this.#duplicates.find(file, sample, undefined);
    if (twin !== undefined) return this.#forget(file, twin);
    this.#duplicates.add(file, sample);
    return file;
  }

  async #forget(file: StoredFile, twin: StoredFile): Promise<StoredFile> {
    const { start, count } = storedBlocks(file);
    if (count > 0) await this.#sink.truncate(start);
    this.counts.duplicateFiles += 1;
    this.counts.duplicateBytes += file.size;
    return twin;
  }

  async #append(file: OpenFile, bytes: Uint8Array): Promise<void> {
    const last = file.runs.at(-1);
    if (last === undefined || last.startBlock === undefined) {
      file.runs.push({ firstBlock: file.blocks, startBlock: this.#sink.blocks });
    }
    file.blocks += bytes.length / BLOCK_SIZE;
    await this.#sink.append(bytes);
  }

  #skip(file: OpenFile, blocks: number): void {
    const last = file.runs.at(-1);
    if (last === undefined || last.startBlock !== undefined) {
      file.runs.push({ firstBlock: file.blocks, startBlock: undefined });
    }
    file.blocks += blocks;
    file.hasHoles = true;
    this.counts.holeBytes += Math.min(blocks * BLOCK_SIZE, file.size - (file.blocks - blocks) * BLOCK_SIZE);
  }
}

function placed({ size, startBlock, tail }: FlatFile, tailOffset: number): StoredFile {
  if (tail === undefined) return { size, placement: { layout: 'plain', startBlock } };
  return { size, placement: { layout: 'inline', startBlock, tailOffset } };
}

export function wrongLength(name: () => string, size: number, found: string): ImageError {
  return new ImageError(
    'malformed',
    `${name()}: the content has ${found} bytes where ${size} were announced`,
    {
      hint: 'the source is damaged, or the file changed while it was read',
    },
  );
}
