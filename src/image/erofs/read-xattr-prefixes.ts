import { type ByteString, byteString } from '../../base/byte-string.ts';
import { ImageError } from '../error.ts';
import { FEATURE_COMPAT, MAX_XATTR_NAME, XATTR_PREFIX_ALIGNMENT } from './layout.ts';
import type { ErofsParts } from './parts.ts';

const LENGTH_SIZE = 2;

/** What many attributes' names begin with: the number of an ordinary prefix and what comes after it. */
export interface LongXattrPrefix {
  readonly base: number;
  readonly infix: ByteString;
}

/**
 * The table of long prefixes, which is in the packed inode if there is one. Each prefix starts at a multiple of four
 * with a length of two bytes, the number of the ordinary prefix, and the infix.
 *
 * @throws ImageError
 */
export async function readXattrPrefixes(parts: ErofsParts): Promise<readonly LongXattrPrefix[]> {
  const { superblock } = parts;
  const prefixes: LongXattrPrefix[] = [];
  let at = superblock.xattrPrefixes.start;
  while (prefixes.length < superblock.xattrPrefixes.count) {
    const [low, high] = await readMetadata(parts, at, LENGTH_SIZE);
    const length = low! | (high! << 8);
    if (length === 0 || length > 1 + MAX_XATTR_NAME)
      throw new ImageError('malformed', `EROFS: a prefix of extended attributes has ${length} bytes`);
    const entry = await readMetadata(parts, at + LENGTH_SIZE, length);
    prefixes.push({ base: entry[0]!, infix: byteString(entry.subarray(1)) });
    at += Math.ceil((LENGTH_SIZE + length) / XATTR_PREFIX_ALIGNMENT) * XATTR_PREFIX_ALIGNMENT;
  }
  return prefixes;
}

async function readMetadata(
  { superblock, bytes, packedInode }: ErofsParts,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const what = (): string => 'EROFS: the prefixes of extended attributes';
  const isPlain = (superblock.featureCompat & FEATURE_COMPAT.plainXattrPrefixes) !== 0;
  if (superblock.packedNid === undefined || isPlain) return bytes.readNear(offset, length, what);
  const read = new Uint8Array(length);
  let at = 0;
  for await (const piece of packedInode.read(offset, length, what)) {
    read.set(piece, at);
    at += piece.length;
  }
  return read;
}
