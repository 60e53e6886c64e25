import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const HEADER_SIZE = 8;

/**
 * Notes in a file which input is being read, so that it is known when the process does not come back: how many there
 * were, the length of this one, and its bytes.
 */
export class InFlightWriter {
  readonly #file: number;
  #buffer = Buffer.alloc(HEADER_SIZE);
  #count = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  /** To be called before an input is read. */
  note(input: Uint8Array): void {
    const size = HEADER_SIZE + input.length;
    if (this.#buffer.length < size) this.#buffer = Buffer.alloc(2 * size);
    this.#count = (this.#count + 1) % 2 ** 32;
    this.#buffer.writeUInt32LE(this.#count, 0);
    this.#buffer.writeUInt32LE(input.length, 4);
    this.#buffer.set(input, HEADER_SIZE);
    writeSync(this.#file, this.#buffer, 0, size, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The input that a process was last seen with; undefined if it had not begun. */
export function readInFlight(
  path: string,
): { readonly count: number; readonly input: Uint8Array } | undefined {
  const bytes = readFileSync(path);
  if (bytes.length < HEADER_SIZE) return undefined;
  const length = bytes.readUInt32LE(4);
  return {
    count: bytes.readUInt32LE(0),
    input: new Uint8Array(bytes.subarray(HEADER_SIZE, HEADER_SIZE + length)),
  };
}
