import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { ByteSource } from '../../image/byte-source.ts';
import { NodeError } from '../error.ts';
import type { HostDirectory, HostWriter } from '../host/host.ts';
import { errorCode } from '../host/system-error.ts';
import { LOCK_NAME, LOCK_WAIT } from '../store/layout.ts';
import { FollowingDigest } from './following-digest.ts';
import { type PartialNames, partialNames } from './partial-names.ts';
import { type ResumeRecord, readRecord, writeRecord } from './resume-record.ts';

/** Bytes written at once. */
const CHUNK_SIZE = 512 * 1024;
/** Bytes after which what is written is made durable, beside the writing, and free space is looked at again. */
const DURABLE_STEP = 64 * 1024 * 1024;
/** Bytes that stay free on the file system, for everybody else who writes there. */
const RESERVE = 16 * 1024 * 1024;

/** What a partial file is opened with. */
export interface PartialFileOptions {
  readonly directory: HostDirectory;
  /** The name that the image is to have. */
  readonly fileName: ByteString;
  /** Bytes of the largest image. */
  readonly limit: number;
}

/**
 * The file into which an image is brought, locked against whoever else would bring one of that name, with what a later
 * download must know to go on with it.
 */
export class PartialFile {
  readonly names: PartialNames;
  readonly #options: PartialFileOptions;
  readonly #lock: Disposable;
  readonly #writer: HostWriter;
  #digest: FollowingDigest;
  /** What is gathered until it is worth a system call, and what is being written. */
  #gathered = Buffer.allocUnsafeSlow(CHUNK_SIZE);
  #spare = Buffer.allocUnsafeSlow(CHUNK_SIZE);
  #gatheredSize = 0;
  #size: number;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> | undefined;
  #syncFailure: { readonly error: unknown } | undefined;
  #lastSync = 0;
  #origin: Omit<ResumeRecord, 'durable'> | undefined;
  #isClosed = false;

  private constructor(
    options: PartialFileOptions,
    names: PartialNames,
    lock: Disposable,
    writer: HostWriter,
  ) {
    this.#options = options;
    this.names = names;
    this.#lock = lock;
    this.#writer = writer;
    this.#size = writer.size;
    this.#digest = new FollowingDigest(writer);
  }

  /** Opens the partial file of an image, or makes it. Throws a NodeError: 'busy' while another agent writes it, 'io'. */
  static async open(options: PartialFileOptions): Promise<PartialFile> {
    const { directory, fileName } = options;
    const names = partialNames(fileName);
    // Lock files come and go only under the store's lock, so that nobody holds the lock of one that is gone.
    using store = await directory.lock(LOCK_NAME, LOCK_WAIT);
    const lock = store === undefined ? undefined : await directory.lock(names.lock, 0);
    if (lock === undefined) {
      throw new NodeError('busy', `another kairos-agent is downloading ${displayName(fileName)}`, {
        hint: 'wait until it is done',
      });
    }
    try {
      const existing = directory.status(names.part) !== undefined;
      return new PartialFile(options, names, lock, directory.openWriter(names.part, { existing }));
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Bytes it has, those included that are not written yet. */
  get size(): number {
    return this.#size;
  }

  /** The bytes written. */
  get content(): ByteSource {
    return this.#writer.content;
  }

  /** Whether a later download can go on with it. */
  get isResumable(): boolean {
    return this.#origin !== undefined;
  }

  /** What an earlier download left, if there is enough of it to go on with. */
  leftover(): ResumeRecord | undefined {
    const record = readRecord(this.#options.directory, this.names);
    return record !== undefined && this.#writer.size >= record.durable ? record : undefined;
  }

  /** Cuts the file to its first bytes; what is computed of it begins anew. */
  async cut(size: number): Promise<void> {
    const { directory } = this.#options;
    await this.#digest.stop();
    this.#gatheredSize = 0;
    await this.#settle();
    // A record of what was there before must never be found beside what comes now.
    if (size === 0 && directory.unlink(this.names.record)) directory.sync();
    if (this.#writer.size !== size) await this.#writer.truncate(size);
    this.#size = size;
    this.#lastSync = Math.min(this.#lastSync, size);
    this.#digest = new FollowingDigest(this.#writer);
    this.#digest.advance();
  }

  /**
   * Says what comes: from where, if a later download could go on with it, and how many bytes the whole has, if that is
   * known. Throws a NodeError for more than is allowed ('download-failed'), or than there is space for ('no-space').
   */
  async expect(origin: Omit<ResumeRecord, 'durable'> | undefined, total: number | undefined): Promise<void> {
    this.#origin = origin;
    if (origin === undefined) this.#options.directory.unlink(this.names.record);
    if (total === undefined) return;
    this.#checkLimit(total);
    this.#checkSpace(total - this.size);
  }

  /** Adds bytes, which may change afterwards. Where it returns a promise, the next ones must wait for it. */
  append(bytes: Uint8Array): Promise<void> | undefined {
    this.#checkLimit(this.#size + bytes.length);
    const fitting = bytes.subarray(0, CHUNK_SIZE - this.#gatheredSize);
    this.#gathered.set(fitting, this.#gatheredSize);
    this.#gatheredSize += fitting.length;
    this.#size += fitting.length;
    if (this.#gatheredSize < CHUNK_SIZE) return undefined;
    return this.#flush().then(() => this.append(bytes.subarray(fitting.length)));
  }

  /** Makes all bytes durable. Returns their SHA-256. */
  async complete(signal: AbortSignal | undefined): Promise<string> {
    await this.#makeDurable();
    const digest = await this.#digest.finish(signal);
    return digest;
  }

  /** Closes the file and keeps it for a later download that can go on with it; removes it where none can. */
  async keep(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#digest.stop();
      if (this.#origin === undefined || this.size === 0) return await this.remove();
      await this.#makeDurable();
      await this.#close();
    } catch (error) {
      // Whoever keeps it has another failure to tell, or none.
      if (!(error instanceof NodeError)) throw error;
      await this.remove();
    }
  }

  /** Closes the file and removes it, unless it has got another name. */
  async remove(): Promise<void> {
    if (this.#isClosed) return;
    const { directory } = this.#options;
    await this.#digest.stop();
    await this.#settle().catch(ignoreNodeError);
    for (const name of [this.names.part, this.names.record, this.names.newRecord]) {
      attempt(() => directory.unlink(name));
    }
    await this.#close();
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const chunk = this.#gathered.subarray(0, this.#gatheredSize);
    [this.#gathered, this.#spare] = [this.#spare, this.#gathered];
    this.#gatheredSize = 0;
    this.#writing = this.#write(chunk);
    // It is thrown where it is waited for.
    this.#writing.catch(() => undefined);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    try {
      await this.#writer.write(chunk);
    } catch (error) {
      throw spaceError(error);
    }
    this.#digest.advance();
    if (this.#writer.size - this.#lastSync < DURABLE_STEP) return;
    this.#checkSpace(0);
    if (this.#syncFailure !== undefined) throw this.#syncFailure.error;
    this.#syncing ??= this.#sync().catch((error: unknown) => {
      this.#syncFailure = { error };
    });
  }

  /** Makes durable what is written now, so that less is left to do at the end. */
  async #sync(): Promise<void> {
    const durable = this.#writer.size;
    this.#lastSync = durable;
    try {
      await this.#writer.sync();
      if (this.#origin !== undefined) {
        await writeRecord(this.#options.directory, this.names, { ...this.#origin, durable });
      }
    } finally {
      this.#syncing = undefined;
    }
  }

  async #makeDurable(): Promise<void> {
    await this.#flush();
    await this.#settle();
    await this.#sync();
  }

  /** Waits until nothing is going on. */
  async #settle(): Promise<void> {
    await this.#writing;
    await this.#syncing;
    if (this.#syncFailure !== undefined) throw this.#syncFailure.error;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    await this.#writer[Symbol.asyncDispose]();
    const { directory } = this.#options;
    try {
      // While somebody changes the store the file of the lock stays, for the next sweep.
      using store = await directory.lock(LOCK_NAME, 0);
      if (store !== undefined) directory.unlink(this.names.lock);
    } catch (error) {
      ignoreNodeError(error);
    }
    this.#lock[Symbol.dispose]();
  }

  #checkLimit(size: number): void {
    const { limit, fileName } = this.#options;
    if (size <= limit) return;
    throw new NodeError(
      'download-failed',
      `${displayName(fileName)} has more than the ${mebibytes(limit)} that are allowed`,
      { hint: 'if it must be so large, set download_limit in /etc/kairos/sysext.yaml' },
    );
  }

  #checkSpace(needed: number): void {
    const { directory, fileName } = this.#options;
    const free = directory.freeSpace();
    if (free >= needed + RESERVE) return;
    throw new NodeError(
      'no-space',
      `there is not enough space for ${displayName(fileName)} in ${displayName(directory.path)}: ${mebibytes(free)} are free${needed > 0 ? `, it takes ${mebibytes(needed)} more` : ''}, and ${mebibytes(RESERVE)} must stay free`,
      { hint: 'free some space: kairos-agent sysext remove takes away images' },
    );
  }
}

/** What clears up does not fail for: what is left is swept by whoever changes the store next. */
function ignoreNodeError(error: unknown): void {
  if (!(error instanceof NodeError)) throw error;
}

function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    ignoreNodeError(error);
  }
}

/** A full disk as an error of its own. */
function spaceError(error: unknown): unknown {
  if (!(error instanceof NodeError) || !/^(ENOSPC|EDQUOT)$/.test(errorCode(error) ?? '')) return error;
  const { message, hint, cause } = error;
  return new NodeError('no-space', message, { cause, ...(hint !== undefined && { hint }) });
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
