import type { ByteSource } from '../../image/byte-source.ts';

const PIECE = 1024 * 1024;

/** Whether two files have the same bytes. */
export async function sameContent(one: ByteSource, other: ByteSource): Promise<boolean> {
  if (one.size !== other.size) return false;
  for (let offset = 0; offset < one.size; offset += PIECE) {
    const length = Math.min(PIECE, one.size - offset);
    const [first, second] = await Promise.all([one.read(offset, length), other.read(offset, length)]);
    if (Buffer.compare(first, second) !== 0) return false;
  }
  return true;
}
