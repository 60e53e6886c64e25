import { bytesOf, utf8ByteString } from '../../base/byte-string.ts';
import { BLOCK_SIZE, type BlockSink } from '../block-sink.ts';
import type { Scratch } from '../scratch.ts';
import { storedBlocks } from './stored-file.ts';
import type { FilePlacement, StoredFile } from './tree.ts';

/** Blocks whose digests are asked for at a time, so that memory does not grow with the file. */
const DIGEST_BATCH = 1 << 16;

/**
 * Finds files with the same content, by the digests that the hash tree needs anyway.
 *
 * Most files are told apart by size and a check sum of their ends, for nothing; only where those agree are
 * digests asked for, since that makes the sink hash what it may still have queued.
 */
export class DuplicateFiles {
  /** Where the content is that was found again. */
  readonly shared = new Set<FilePlacement>();
  readonly #sink: BlockSink;
  readonly #scratch: Scratch;
  readonly #fingerprint: (bytes: Uint8Array) => string;
  /** By size and sample: the one file there is, or several by fingerprint. */
  readonly #known = new Map<number, StoredFile | Map<string, StoredFile>>();
  /** The fingerprint that the last {@link find} worked out. */
  #lastKey = '';

  constructor(sink: BlockSink, scratch: Scratch, fingerprint: (bytes: Uint8Array) => string) {
    this.#sink = sink;
    this.#scratch = scratch;
    this.#fingerprint = fingerprint;
  }

  /** Whether no file was added that {@link find} would have to look at more closely. */
  isNew(size: number, sample: number): boolean {
    return !this.#known.has(sampleKey(size, sample));
  }

  /**
   * A file added before with the content of `file`, whose blocks are in the sink.
   *
   * @param tail Its tail, where the scratch store does not have it yet.
   */
  async find(
    file: StoredFile,
    sample: number,
    tail: Uint8Array | undefined,
  ): Promise<StoredFile | undefined> {
    const slot = sampleKey(file.size, sample);
    const known = this.#known.get(slot);
    if (known === undefined) return undefined;
    let files: Map<string, StoredFile>;
    if (known instanceof Map) {
      files = known;
    } else {
      files = new Map([[await this.#key(known, undefined), known]]);
      this.#known.set(slot, files);
    }
    this.#lastKey = await this.#key(file, tail);
    const twin = files.get(this.#lastKey);
    if (twin !== undefined) this.shared.add(twin.placement);
    return twin;
  }

  /** Remembers the file that {@link find}, called just before, did not find, or that {@link isNew}. */
  add(file: StoredFile, sample: number): void {
    const slot = sampleKey(file.size, sample);
    const known = this.#known.get(slot);
    if (known instanceof Map) known.set(this.#lastKey, file);
    else this.#known.set(slot, file);
  }

  /** What tells a file from another whose blocks are the same. */
  async *#rest({ size, placement }: StoredFile, tail: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
    if (tail !== undefined) yield tail;
    else if (placement.layout === 'inline')
      yield await this.#scratch.read(placement.tailOffset, size % BLOCK_SIZE);
    if (placement.layout !== 'compressed') return;
    for (const extents of placement.extents) yield await this.#scratch.read(extents.offset, extents.size);
    if (placement.tail !== undefined)
      yield await this.#scratch.read(placement.tail.offset, placement.tail.size);
  }

  async #key(file: StoredFile, tail: Uint8Array | undefined): Promise<string> {
    const { start, count } = storedBlocks(file);
    let key = `${file.size} ${file.placement.layout} ${runsText(file)} `;
    const add = (...parts: Uint8Array[]): void => {
      key = this.#fingerprint(concatenate(bytesOf(utf8ByteString(key)), ...parts));
    };
    for await (const rest of this.#rest(file, tail)) add(rest);
    for (let done = 0; done < count; done += DIGEST_BATCH) {
      add(await this.#sink.digests(start + done, Math.min(DIGEST_BATCH, count - done)));
    }
    return key;
  }
}

function runsText({ placement }: StoredFile): string {
  if (placement.layout !== 'chunked') return '';
  return placement.runs.map((run) => `${run.firstBlock}${run.startBlock === undefined ? '-' : '+'}`).join('');
}

/** A number that is the same for files of the same size and sample, and rarely for others. */
function sampleKey(size: number, sample: number): number {
  return (size % 2 ** 20) * 2 ** 32 + sample;
}

function concatenate(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
