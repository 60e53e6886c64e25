import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import type { HostDirectory, HostWriter } from '../host/host.ts';
import { partialName, partialRecordName } from '../store/layout.ts';
import { FollowingDigest } from './following-digest.ts';
import { type PartialRecord, readRecord, recordLine } from './partial-record.ts';

/** Bytes that are gathered before they are written: a call of the system for every packet would take most of the time. */
const BATCH = 512 * 1024;
/**
 * Bytes after which what is written is made durable, beside the writing, and recorded as such. So much is lost by a power cut, and
 * so much is left to do at the end.
 */
const DURABLE_STEP = 32 * 1024 * 1024;
/** Bytes between two looks at the free space, where nobody said how much will come. */
const SPACE_CHECK = 64 * 1024 * 1024;
/** Bytes that a download leaves free, so that the machine still works. */
const RESERVE = 16 * 1024 * 1024;

/** How a partial file is opened. */
export interface PartialFileOptions {
  /** Bytes that it may have. */
  readonly limit: number;
  /** Whether {@link PartialFile.digest} will be asked for. */
  readonly wantsDigest: boolean;
}

/** An image being downloaded, in the store under a name that nobody looks at, locked against others who download the same. */
export class PartialFile implements AsyncDisposable {
  /** The name that it has until it is complete. */
  readonly name: ByteString;
  readonly #fileName: ByteString;
  readonly #directory: HostDirectory;
  readonly #lock: Disposable;
  readonly #writer: HostWriter;
  readonly #limit: number;
  readonly #wantsDigest: boolean;
  #digest: FollowingDigest | undefined;
  #size: number;
  /** What is gathered, and how much of it. */
  #batch: Uint8Array<ArrayBuffer> = new Uint8Array(BATCH);
  #gathered = 0;
  #spare: Uint8Array<ArrayBuffer> = new Uint8Array(BATCH);
  #writing: Promise<void> = Promise.resolve();
  #checkAt = 0;
  #isKept = false;
  /** Whether what was there is still as it was. */
  #isUntouched = true;
  /** The record, while it tells what is there. */
  #record: HostWriter | undefined;
  #durable = 0;
  #syncing: Promise<void> = Promise.resolve();
  #isSyncing = false;

  private constructor(
    directory: HostDirectory,
    fileName: ByteString,
    lock: Disposable,
    writer: HostWriter,
    { limit, wantsDigest }: PartialFileOptions,
  ) {
    this.name = partialName(fileName);
    this.#directory = directory;
    this.#fileName = fileName;
    this.#lock = lock;
    this.#writer = writer;
    this.#size = writer.size;
    this.#limit = limit;
    this.#wantsDigest = wantsDigest;
  }

  /**
   * Opens the partial file of an image, with what is there of an earlier download.
   *
   * @throws NodeError ('busy' where somebody else is downloading it).
   */
  static async open(
    directory: HostDirectory,
    fileName: ByteString,
    options: PartialFileOptions,
  ): Promise<PartialFile> {
    const name = partialName(fileName);
    const lock = await directory.lock(name, 0);
    if (lock === undefined) {
      throw new NodeError('busy', `another kairos-agent is downloading ${displayName(fileName)}`, {
        hint: 'wait until it is done',
      });
    }
    try {
      const writer = directory.openWriter(name, { existing: true });
      return new PartialFile(directory, fileName, lock, writer, options);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Bytes that it has, those included that are not written yet. */
  get size(): number {
    return this.#size;
  }

  /** Reads the file; {@link flush} it before. */
  get content(): HostWriter['content'] {
    return this.#writer.content;
  }

  /**
   * Goes on with what is there, as far as it is durable, if it was downloaded from there. Returns its record; undefined where it
   * cannot be gone on with, and {@link begin} is to be called.
   */
  async takeUp(uri: string): Promise<PartialRecord | undefined> {
    const found = readRecord(this.#directory, partialRecordName(this.#fileName));
    if (found === undefined || found.record.uri !== uri) return undefined;
    const { record, durable } = found;
    // What follows may, after a power cut, be anything. One byte at least is always asked for.
    const size = Math.min(durable, record.total - 1);
    if (size <= 0 || size > this.#writer.size) return undefined;
    this.#isUntouched = false;
    await this.#writer.truncate(size);
    this.#size = size;
    this.#durable = size;
    this.#record = this.#directory.openWriter(partialRecordName(this.#fileName), { existing: true });
    this.#followDigest();
    return record;
  }

  /**
   * Starts from the beginning.
   *
   * @param record What it takes to go on after an interruption; undefined where that is not possible.
   * @param total Bytes that will come, if known.
   * @throws NodeError ('no-space' where they are too many, 'download-failed' beyond the limit).
   */
  async begin(record: PartialRecord | undefined, total: number | undefined): Promise<void> {
    this.#isUntouched = false;
    await this.#digest?.stop();
    this.#gathered = 0;
    await this.#settled();
    await this.#removeRecord();
    await this.#writer.truncate(0);
    this.#size = 0;
    this.#durable = 0;
    if (total !== undefined) this.#checkRoom(total, total);
    this.#checkAt = SPACE_CHECK;
    this.#followDigest();
    if (record === undefined) return;
    const name = partialRecordName(this.#fileName);
    this.#record = this.#directory.openWriter(name, { existing: false, mode: 0o600 });
    await this.#record.write(recordLine(record));
  }

  /** Goes on with what is there. As {@link begin}. */
  resume(total: number): void {
    this.#checkRoom(total, total - this.size);
    this.#checkAt = this.size + SPACE_CHECK;
  }

  /**
   * Appends bytes, which may be reused when this returns; no others may be appended before what it returns is settled. Throws a
   * NodeError ('no-space', 'download-failed', 'io').
   */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#size + bytes.length > this.#limit) this.#refuseSize();
    const fitting = bytes.subarray(0, BATCH - this.#gathered);
    this.#batch.set(fitting, this.#gathered);
    this.#gathered += fitting.length;
    this.#size += fitting.length;
    if (this.#gathered < BATCH) return undefined;
    return this.#writeBatch().then(() => {
      if (this.#size >= this.#checkAt) {
        this.#checkAt = this.#size + SPACE_CHECK;
        this.#checkRoom(undefined, SPACE_CHECK);
      }
      return this.write(bytes.subarray(fitting.length));
    });
  }

  /** Writes what is gathered. */
  async flush(): Promise<void> {
    await this.#writeBatch();
    await this.#settled();
  }

  /** Makes it durable. From now on it is removed when it is disposed of, unless it got its name. */
  async complete(): Promise<void> {
    await this.flush();
    this.#writer.publish();
    await this.#writer.sync();
    await this.#removeRecord();
  }

  /** The SHA-256 of the whole in lower-case hexadecimal. Throws the reason of the signal when it aborts. */
  async digest(signal: AbortSignal | undefined): Promise<string> {
    if (this.#digest === undefined) throw new TypeError('nobody said that a digest is wanted');
    return this.#digest.finish(signal);
  }

  /** Leaves it for who goes on with it later, if that is possible. */
  keep(): void {
    this.#isKept = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#digest?.stop();
      // Another download may go on with what this one did not even get to replace.
      if (this.#isUntouched && this.#size > 0) return;
      const isKept = this.#isKept && this.#record !== undefined && (await this.#isDurable());
      if (!isKept) {
        await this.#settled().catch(() => undefined);
        await this.#removeRecord();
        this.#directory.unlink(this.name);
      }
    } finally {
      await this.#record?.[Symbol.asyncDispose]();
      await this.#writer[Symbol.asyncDispose]();
      this.#lock[Symbol.dispose]();
    }
  }

  /** Makes everything durable and records it; whether that worked. */
  async #isDurable(): Promise<boolean> {
    try {
      await this.flush();
      await this.#makeDurable();
      return true;
    } catch (error) {
      if (error instanceof NodeError) return false;
      throw error;
    }
  }

  /** Writes the batch while the next one is gathered. */
  async #writeBatch(): Promise<void> {
    await this.#writing;
    if (this.#gathered === 0) return;
    const full = this.#batch.subarray(0, this.#gathered);
    [this.#batch, this.#spare] = [this.#spare, this.#batch];
    this.#gathered = 0;
    this.#writing = this.#write(full);
    // Whoever writes next, or ends, is told; until then it must not count as an error that nobody looks at.
    this.#writing.catch(() => undefined);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes);
    this.#digest?.advance();
    if (this.#isSyncing || this.#writer.size - this.#durable < DURABLE_STEP) return;
    // Whoever wrote before waited for it to fail.
    await this.#syncing;
    this.#isSyncing = true;
    this.#syncing = this.#makeDurable().finally(() => {
      this.#isSyncing = false;
    });
    this.#syncing.catch(() => undefined);
  }

  /** Makes durable what is written now, and records it. */
  async #makeDurable(): Promise<void> {
    const { size } = this.#writer;
    await this.#writer.sync();
    this.#durable = size;
    await this.#record?.write(Buffer.from(`${size}\n`));
  }

  /** Waits until nothing is going on any more. */
  async #settled(): Promise<void> {
    await this.#writing;
    await this.#syncing;
  }

  #followDigest(): void {
    if (!this.#wantsDigest) return;
    this.#digest = new FollowingDigest(this.#writer);
    this.#digest.advance();
  }

  async #removeRecord(): Promise<void> {
    await this.#record?.[Symbol.asyncDispose]();
    this.#record = undefined;
    // A record of what was there must never be found beside what comes.
    if (this.#directory.unlink(partialRecordName(this.#fileName))) this.#directory.sync();
  }

  #checkRoom(total: number | undefined, needed: number): void {
    if (total !== undefined && total > this.#limit) this.#refuseSize();
    const free = this.#directory.freeSpace() - RESERVE;
    if (needed <= free) return;
    throw new NodeError(
      'no-space',
      `${displayName(this.#fileName)} does not fit into ${displayName(this.#directory.path)}: it needs ${needed} bytes${total === undefined ? ' or more' : ''}, and ${Math.max(0, free)} are free`,
      { hint: 'free some space: kairos-agent sysext remove takes away images' },
    );
  }

  #refuseSize(): never {
    throw new NodeError(
      'download-failed',
      `${displayName(this.#fileName)} has more than the ${this.#limit} bytes that an image may have`,
      { hint: 'set download_limit in /etc/kairos/sysext.yaml if it is right' },
    );
  }
}
