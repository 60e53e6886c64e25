import type { FileSystemBytes } from './read-bytes.ts';
import type { ErofsInode } from './read-inode.ts';
import { mapContent } from './read-mapping.ts';

/** Largest piece; a multiple of every block size. */
const PIECE_SIZE = 1 << 20;
const ZEROS = new Uint8Array(PIECE_SIZE);

/**
 * The content of an inode in pieces of up to 1 MiB, which are whole blocks except for the last. A file with holes
 * may be far larger than the image: whoever keeps the pieces looks at the inode's size first.
 */
export async function* readContent(
  bytes: FileSystemBytes,
  blockSize: number,
  inode: ErofsInode,
): AsyncGenerator<Uint8Array> {
  for await (const { length, offset } of mapContent(bytes, blockSize, inode)) {
    for (let done = 0; done < length; done += PIECE_SIZE) {
      const count = Math.min(PIECE_SIZE, length - done);
      if (offset === undefined) yield ZEROS.subarray(0, count);
      else yield await bytes.read(offset + done, count, () => `EROFS inode ${inode.nid}: its content`);
    }
  }
}
