import { createHash } from 'node:crypto';
import type { ByteSource } from '../../image/byte-source.ts';

const PIECE = 1024 * 1024;

/** The SHA-256 of a file, lower-case hexadecimal. */
export async function fileDigest(source: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < source.size; offset += PIECE) {
    hash.update(await source.read(offset, Math.min(PIECE, source.size - offset)));
  }
  return hash.digest('hex');
}
