import { strict as assert } from 'node:assert';
import type { ByteSource } from '../../src/image/byte-source.ts';

/** Bytes in memory as a source that insists on its contract: nobody reads outside of it. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      assert(Number.isSafeInteger(offset) && Number.isSafeInteger(length), `read ${length} at ${offset}`);
      assert(
        offset >= 0 && length >= 0 && offset + length <= bytes.length,
        `read ${length} at ${offset}, outside`,
      );
      return bytes.subarray(offset, offset + length);
    },
  };
}
