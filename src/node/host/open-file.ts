import fs, { constants } from 'node:fs';
import { promisify } from 'node:util';
import type { ByteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../../image/byte-source.ts';
import { ImageError } from '../../image/error.ts';
import type { EntryStatus, HostReader, HostWriter } from './host.ts';
import { systemError } from './system-error.ts';

const read = promisify(fs.read);
const write = promisify(fs.write);
const sync = promisify(fs.fdatasync);
const truncate = promisify(fs.ftruncate);

/** An open file, read in either way. */
export class FileReader implements HostReader {
  readonly status: EntryStatus;
  readonly head: ByteSource;
  readonly content: ByteSource;
  readonly #descriptor: number;

  constructor(descriptor: number, status: EntryStatus) {
    this.#descriptor = descriptor;
    this.status = status;
    this.head = headOf(descriptor, status.size);
    this.content = contentOf(descriptor, status.size);
  }

  [Symbol.dispose](): void {
    fs.closeSync(this.#descriptor);
  }
}

/** A file being written at its end. */
export class FileWriter implements HostWriter {
  readonly #path: ByteString;
  readonly #descriptor: number;
  #size: number;

  constructor(path: ByteString, descriptor: number, size: number) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  get content(): ByteSource {
    return contentOf(this.#descriptor, this.#size);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#attempt(
        write(this.#descriptor, bytes, done, bytes.length - done, this.#size),
      );
      done += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  async truncate(size: number): Promise<void> {
    await this.#attempt(truncate(this.#descriptor, size));
    this.#size = size;
  }

  publish(): void {
    try {
      fs.fchmodSync(this.#descriptor, 0o644);
    } catch (error) {
      throw systemError('change', this.#path, error);
    }
  }

  async sync(): Promise<void> {
    await this.#attempt(sync(this.#descriptor));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    fs.closeSync(this.#descriptor);
  }

  async #attempt<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      throw systemError('write', this.#path, error);
    }
  }
}

/** How a file is opened for reading: never through a link, never waiting for the other end of a pipe. */
export const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function headOf(descriptor: number, size: number): ByteSource {
  const readInto = (offset: number, target: Uint8Array): void => {
    for (let done = 0; done < target.length; ) {
      const count = fs.readSync(descriptor, target, done, target.length - done, offset + done);
      if (count === 0) throw shrunk(size);
      done += count;
    }
  };
  return {
    size,
    read(offset, length) {
      const bytes = new Uint8Array(checkedLength(size, offset, length));
      readInto(offset, bytes);
      return bytes;
    },
    readInto(offset, target) {
      checkedLength(size, offset, target.length);
      readInto(offset, target);
    },
  };
}

function contentOf(descriptor: number, size: number): ByteSource {
  const readInto = async (offset: number, target: Uint8Array): Promise<void> => {
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await read(descriptor, target, done, target.length - done, offset + done);
      if (bytesRead === 0) throw shrunk(size);
      done += bytesRead;
    }
  };
  return {
    size,
    file: { descriptor, offset: 0 },
    async read(offset, length) {
      const bytes = Buffer.allocUnsafeSlow(checkedLength(size, offset, length));
      await readInto(offset, bytes);
      return bytes;
    },
    async readInto(offset, target) {
      checkedLength(size, offset, target.length);
      await readInto(offset, target);
    },
  };
}

function checkedLength(size: number, offset: number, length: number): number {
  if (offset >= 0 && length >= 0 && offset + length <= size) return length;
  throw new RangeError(`bytes ${offset} to ${offset + length} of ${size}`);
}

function shrunk(size: number): ImageError {
  return new ImageError('malformed', `the file became shorter than ${size} bytes while it was read`);
}
