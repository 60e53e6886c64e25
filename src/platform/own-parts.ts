import type { VerityHasher } from '../image/block-hasher.ts';
import type { ByteSource } from '../image/byte-source.ts';
import { bytesOfParts, type HashJob } from './hash-job.ts';
import type { PartRange, PartTable } from './part-table.ts';

/** Bytes that are read at once: to wait for a read costs as much as to hash some 50 KiB. */
const RUN_SIZE = 1024 * 1024;

interface Run extends PartRange {
  /** Undefined where they could not be read. */
  readonly bytes: Promise<Uint8Array | undefined>;
}

/**
 * The parts of a job that the calling thread hashes. It never waits for a disk but as everything does in Node: the next parts are read
 * while it hashes.
 */
export class OwnParts {
  readonly #source: ByteSource;
  readonly #hasher: VerityHasher;
  readonly #job: HashJob;
  readonly #table: PartTable;
  readonly #partsPerRun: number;
  readonly #buffers: Uint8Array[];
  #next: Run | undefined;

  constructor(source: ByteSource, hasher: VerityHasher, job: HashJob, table: PartTable) {
    this.#source = source;
    this.#hasher = hasher;
    this.#job = job;
    this.#table = table;
    this.#partsPerRun = Math.max(1, RUN_SIZE / job.partSize);
    const length = Math.min(this.#partsPerRun * job.partSize, job.size);
    this.#buffers = [new Uint8Array(length), new Uint8Array(length)];
  }

  /** Hashes some parts that nobody else has taken. Whether there were any; if not, none is being read either. */
  async hashSome(): Promise<boolean> {
    const run = this.#next ?? this.#begin();
    if (run === undefined) return false;
    const bytes = await run.bytes;
    this.#next = this.#begin();
    const { partSize } = this.#job;
    for (let part = run.first; part < run.end; part++) {
      const start = (part - run.first) * partSize;
      this.#table.finish(part, bytes && (await this.#hash(bytes.subarray(start, start + partSize))));
    }
    return true;
  }

  /** Hashes a part that was taken in vain. @throws what the source throws. */
  async hashAgain(part: number): Promise<void> {
    const { offset, length } = bytesOfParts(this.#job, { first: part, end: part + 1 });
    this.#table.finish(part, await this.#hash(await this.#source.read(offset, length)));
  }

  /** Waits for what is still being read. */
  async end(): Promise<void> {
    await this.#next?.bytes;
  }

  #begin(): Run | undefined {
    const range = this.#table.take(this.#partsPerRun);
    const buffer = this.#buffers.reverse()[0]!;
    return range && { ...range, bytes: this.#read(range, buffer).catch(() => undefined) };
  }

  async #read(range: PartRange, buffer: Uint8Array): Promise<Uint8Array> {
    const { offset, length } = bytesOfParts(this.#job, range);
    if (this.#source.readInto === undefined) return this.#source.read(offset, length);
    const target = buffer.subarray(0, length);
    await this.#source.readInto(offset, target);
    return target;
  }

  #hash(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.#hasher.hashBlocks(this.#job.salt, bytes, this.#job.blockSize);
  }
}
