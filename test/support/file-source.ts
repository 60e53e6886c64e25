import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from '../../src/image/byte-source.ts';

/** The bytes of a file, for as long as `use` takes. A read outside the file is an error that no test expects. */
export async function withFileSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return await use({
      size,
      read(offset, length) {
        const bytes = new Uint8Array(length);
        if (offset < 0 || offset + length > size || readSync(file, bytes, 0, length, offset) !== length) {
          throw new Error(`${path}: read ${length} bytes at ${offset} of ${size}`);
        }
        return bytes;
      },
    });
  } finally {
    closeSync(file);
  }
}
