import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import type { HostDirectory, HostWriter } from '../host/host.ts';
import { partialName, partialRecordName } from '../store/layout.ts';

/** What a download was, so that it can go on after an interruption. */
export interface PartialRecord {
  readonly uri: string;
  /** The strong validator of the server's file (RFC 9110, section 8.8.1): another file has another. */
  readonly validator: string;
  /** Bytes of the whole. */
  readonly total: number;
}

/** Bytes that are gathered before they are written: a call of the system for every packet would take most of the time. */
const BATCH = 1024 * 1024;
/** Bytes between two looks at the free space, where nobody said how much will come. */
const SPACE_CHECK = 64 * 1024 * 1024;
/** Bytes that a download leaves free, so that the machine still works. */
const RESERVE = 16 * 1024 * 1024;
const RECORD_MAX = 64 * 1024;

/** An image being downloaded, in the store under a name that nobody looks at, locked against others who download the same. */
export class PartialFile implements AsyncDisposable {
  /** The name that it has until it is complete. */
  readonly name: ByteString;
  readonly #fileName: ByteString;
  readonly #directory: HostDirectory;
  readonly #lock: Disposable;
  readonly #writer: HostWriter;
  readonly #limit: number;
  /** What is gathered, and how much of it. */
  #batch: Uint8Array<ArrayBuffer> = new Uint8Array(BATCH);
  #gathered = 0;
  #spare: Uint8Array<ArrayBuffer> = new Uint8Array(BATCH);
  #writing: Promise<void> = Promise.resolve();
  #checkAt = 0;
  #isKept = false;

  private constructor(
    directory: HostDirectory,
    fileName: ByteString,
    lock: Disposable,
    writer: HostWriter,
    limit: number,
  ) {
    this.name = partialName(fileName);
    this.#directory = directory;
    this.#fileName = fileName;
    this.#lock = lock;
    this.#writer = writer;
    this.#limit = limit;
  }

  /**
   * Opens the partial file of an image, with what is there of an earlier download.
   *
   * @param limit Bytes that it may have.
   * @throws NodeError ('busy' where somebody else is downloading it).
   */
  static async open(directory: HostDirectory, fileName: ByteString, limit: number): Promise<PartialFile> {
    const name = partialName(fileName);
    const lock = await directory.lock(name, 0);
    if (lock === undefined) {
      throw new NodeError('busy', `another kairos-agent is downloading ${displayName(fileName)}`, {
        hint: 'wait until it is done',
      });
    }
    try {
      const writer = directory.openWriter(name, { existing: true });
      return new PartialFile(directory, fileName, lock, writer, limit);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Bytes that it has. */
  get size(): number {
    return this.#writer.size + this.#gathered;
  }

  /** Reads the file; {@link flush} it before. */
  get content(): HostWriter['content'] {
    return this.#writer.content;
  }

  /** What is there was downloaded from; undefined where it cannot be gone on with. */
  record(): PartialRecord | undefined {
    using reader = this.#directory.openFile(partialRecordName(this.#fileName));
    if (reader === undefined || reader.status.size > RECORD_MAX) return undefined;
    const text = Buffer.from(reader.head.read(0, reader.status.size) as Uint8Array).toString('utf8');
    try {
      const { uri, validator, total } = JSON.parse(text) as Partial<PartialRecord>;
      const isRecord =
        typeof uri === 'string' && typeof validator === 'string' && Number.isSafeInteger(total);
      return isRecord && this.size <= total! ? { uri, validator, total: total! } : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
      throw error;
    }
  }

  /**
   * Starts from the beginning.
   *
   * @param record What it takes to go on after an interruption; undefined where that is not possible.
   * @param total Bytes that will come, if known.
   * @throws NodeError ('no-space' where they are too many, 'download-failed' beyond the limit).
   */
  async begin(record: PartialRecord | undefined, total: number | undefined): Promise<void> {
    await this.flush();
    const recordName = partialRecordName(this.#fileName);
    this.#directory.unlink(recordName);
    await this.#writer.truncate(0);
    if (total !== undefined) this.#checkRoom(total, total);
    this.#checkAt = SPACE_CHECK;
    if (record === undefined) return;
    await using writer = this.#directory.openWriter(recordName, { existing: false, mode: 0o600 });
    await writer.write(Buffer.from(JSON.stringify(record)));
  }

  /** Goes on with what is there. As {@link begin}. */
  resume(total: number): void {
    this.#checkRoom(total, total - this.size);
    this.#checkAt = this.size + SPACE_CHECK;
  }

  /** Appends bytes, which may be reused when this returns. Throws a NodeError ('no-space', 'download-failed', 'io'). */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.size + bytes.length > this.#limit) this.#refuseSize();
    for (let done = 0; done < bytes.length; ) {
      const piece = bytes.subarray(done, done + BATCH - this.#gathered);
      this.#batch.set(piece, this.#gathered);
      this.#gathered += piece.length;
      done += piece.length;
      if (this.#gathered === BATCH) await this.#writeBatch();
    }
    if (this.size < this.#checkAt) return;
    this.#checkAt = this.size + SPACE_CHECK;
    this.#checkRoom(undefined, SPACE_CHECK);
  }

  /** Writes what is gathered. */
  async flush(): Promise<void> {
    await this.#writeBatch();
    await this.#writing;
  }

  /** Makes it durable. From now on it is removed when it is disposed of, unless it got its name. */
  async complete(): Promise<void> {
    await this.flush();
    this.#writer.publish();
    await this.#writer.sync();
    this.#directory.unlink(partialRecordName(this.#fileName));
  }

  /** Leaves it for who goes on with it later, if that is possible. */
  keep(): void {
    this.#isKept = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const isKept = this.#isKept && (await this.#flushed()) && this.record() !== undefined;
      if (!isKept) {
        this.#directory.unlink(partialRecordName(this.#fileName));
        this.#directory.unlink(this.name);
      }
    } finally {
      await this.#writer[Symbol.asyncDispose]();
      this.#lock[Symbol.dispose]();
    }
  }

  async #flushed(): Promise<boolean> {
    try {
      await this.flush();
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
    this.#batch = this.#spare;
    this.#spare = full.length === BATCH ? full : new Uint8Array(BATCH);
    this.#gathered = 0;
    this.#writing = this.#writer.write(full);
    // Whoever writes next, or ends, is told; until then it must not count as an error that nobody looks at.
    this.#writing.catch(() => undefined);
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
