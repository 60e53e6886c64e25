import { type ByteString, byteString } from '../../base/byte-string.ts';
import { ImageError } from '../error.ts';
import type { FileSystemBytes } from '../file-system-bytes.ts';
import { FEATURE_COMPAT, MAX_XATTR_NAME, XATTR_PREFIX_ALIGNMENT } from './layout.ts';
import type { PackedInode } from './packed-inode.ts';
import type { Superblock } from './read-superblock.ts';

const LENGTH_SIZE = 2;

/** What many attributes' names begin with: the number of an ordinary prefix and what comes after it. */
export interface LongXattrPrefix {
  readonly base: number;
  readonly infix: ByteString;
}

/**
 * The table of long prefixes, which is in the packed inode if there is one, and is read once, when it is asked for.
 * Each prefix starts at a multiple of four with a length of two bytes, the number of the ordinary prefix, and the infix.
 */
export class XattrPrefixTable {
  readonly #superblock: Superblock;
  readonly #bytes: FileSystemBytes;
  readonly #packedInode: PackedInode;
  #prefixes: Promise<readonly LongXattrPrefix[]> | undefined;

  constructor(superblock: Superblock, bytes: FileSystemBytes, packedInode: PackedInode) {
    this.#superblock = superblock;
    this.#bytes = bytes;
    this.#packedInode = packedInode;
  }

  /** All prefixes, in order of their numbers. @throws ImageError */
  prefixes(): Promise<readonly LongXattrPrefix[]> {
    this.#prefixes ??= this.#read();
    return this.#prefixes;
  }

  async #read(): Promise<readonly LongXattrPrefix[]> {
    const { count, start } = this.#superblock.xattrPrefixes;
    const prefixes: LongXattrPrefix[] = [];
    for (let at = start; prefixes.length < count; ) {
      const [low, high] = await this.#metadata(at, LENGTH_SIZE);
      const length = low! | (high! << 8);
      if (length === 0 || length > 1 + MAX_XATTR_NAME)
        throw new ImageError('malformed', `EROFS: a prefix of extended attributes has ${length} bytes`);
      const entry = await this.#metadata(at + LENGTH_SIZE, length);
      prefixes.push({ base: entry[0]!, infix: byteString(entry.subarray(1)) });
      at += Math.ceil((LENGTH_SIZE + length) / XATTR_PREFIX_ALIGNMENT) * XATTR_PREFIX_ALIGNMENT;
    }
    return prefixes;
  }

  async #metadata(offset: number, length: number): Promise<Uint8Array> {
    const { featureCompat, packedNid } = this.#superblock;
    const what = (): string => 'EROFS: the prefixes of extended attributes';
    const isPlain = (featureCompat & FEATURE_COMPAT.plainXattrPrefixes) !== 0;
    if (packedNid === undefined || isPlain) return this.#bytes.readNear(offset, length, what);
    const read = new Uint8Array(length);
    let at = 0;
    for await (const piece of this.#packedInode.read(offset, length, what)) {
      read.set(piece, at);
      at += piece.length;
    }
    return read;
  }
}
