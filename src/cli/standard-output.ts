import { fstatSync, writeSync } from 'node:fs';
import { CodedError } from '../base/error.ts';

/** The results of a command could not be written: exit status 1. */
export class OutputError extends CodedError<'output'> {
  override readonly name = 'OutputError';
  override readonly exitCode = 1;
}

const DESCRIPTOR = 1;
/** Memory devices, such as /dev/null, are of this major number (Documentation/admin-guide/devices.txt in Linux). */
const MEMORY_DEVICES = 1;

/**
 * The standard output, where results go. Written to at once and without Node's stream, which takes a tenth of Node's own start to
 * load.
 */
export class StandardOutput {
  /** Nothing can be written any more. */
  #closed = false;
  /** What takes over where the other end is slow and does not let us wait. */
  #stream: NodeJS.WriteStream | undefined;

  /**
   * A reader that went away, as in `auroraboot … | head`, is no failure.
   *
   * @throws OutputError ('output') the first time that something cannot be written.
   */
  write(text: string): void {
    if (this.#closed) return;
    if (this.#stream !== undefined) {
      this.#stream.write(text);
      return;
    }
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(DESCRIPTOR, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this.#stream = process.stdout.on('error', (failure) => this.#fail(failure));
        this.#stream.write(bytes.subarray(written));
      } else {
        this.#fail(error);
      }
    }
  }

  /** Characters in a line; undefined where it is no terminal. */
  get columns(): number | undefined {
    const status = fstatSync(DESCRIPTOR);
    const isTerminal = status.isCharacterDevice() && Math.floor(status.rdev / 2 ** 8) !== MEMORY_DEVICES;
    return isTerminal ? process.stdout.columns : undefined;
  }

  #fail(error: unknown): void {
    this.#closed = true;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE') return;
    const reason = code === 'ENOSPC' ? 'the disk is full' : message;
    throw new OutputError('output', `cannot write the result to standard output: ${reason}`, {
      cause: error,
    });
  }
}
