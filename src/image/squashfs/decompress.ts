import type { Decompress } from '../decompressors.ts';
import { ImageError } from '../error.ts';

/**
 * Decompresses a block of the file system.
 *
 * @param limit Most bytes that may come out.
 * @throws ImageError that names the block by `what`, whatever the decompressor threw: of its code if that was an
 * ImageError, else 'malformed'.
 */
export function decompressBlock(
  decompress: Decompress,
  stored: Uint8Array,
  limit: number,
  what: () => string,
): Uint8Array {
  try {
    return decompress(stored, limit);
  } catch (cause) {
    const code = cause instanceof ImageError ? cause.code : 'malformed';
    throw new ImageError(code, `${what()}: it cannot be decompressed`, { cause });
  }
}
