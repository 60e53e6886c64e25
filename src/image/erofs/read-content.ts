import type { FileSystemBytes } from '../file-system-bytes.ts';
import type { ClusterExtent } from './extent.ts';
import type { ErofsParts } from './parts.ts';
import type { ErofsInode } from './read-inode.ts';
import { mapContent } from './read-mapping.ts';

/** Largest piece; a multiple of every block size. */
const PIECE_SIZE = 1 << 20;
const ZEROS = new Uint8Array(PIECE_SIZE);
/** Bytes that are read ahead of a cluster: so many at first, twice as many wherever the next cluster follows. */
const READ_AHEAD = { first: 1 << 16, most: 1 << 20 };

/**
 * The content of an inode in pieces of up to 1 MiB. A file may be far larger than the image, by holes or compression:
 * whoever keeps the pieces looks at the inode's size first.
 *
 * @throws ImageError
 */
export async function* readContent(parts: ErofsParts, inode: ErofsInode): AsyncGenerator<Uint8Array> {
  const { bytes, superblock, decoder, packedInode } = parts;
  const what = (): string => `EROFS inode ${inode.nid}: its content`;
  const blocks = inode.data.layout === 'compressed' ? inode.data.blocks : 0;
  const clusters = new ClusterReader(bytes, blocks * superblock.blockSize);
  for await (const extent of mapContent(bytes, superblock, inode)) {
    switch (extent.kind) {
      case 'stored':
        for (let done = 0; done < extent.length; done += PIECE_SIZE) {
          yield await bytes.read(extent.offset + done, Math.min(PIECE_SIZE, extent.length - done), what);
        }
        break;
      case 'hole':
        for (let done = 0; done < extent.length; done += PIECE_SIZE) {
          yield ZEROS.subarray(0, Math.min(PIECE_SIZE, extent.length - done));
        }
        break;
      case 'fragment':
        for await (const piece of packedInode.read(extent.offset, extent.length, what)) yield* cut(piece);
        break;
      case 'cluster':
        yield* cut(decoder.decode(await clusters.read(extent, what), extent, what));
        break;
    }
  }
}

function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let done = 0; done < bytes.length; done += PIECE_SIZE) yield bytes.subarray(done, done + PIECE_SIZE);
}

/** Reads clusters, which mostly follow each other, many at a time. */
export class ClusterReader {
  readonly #bytes: FileSystemBytes;
  /** Bytes of clusters that the inode says are still to come. */
  #expected: number;
  #window: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #ahead = READ_AHEAD.first;

  /** @param expected Bytes that all clusters to be read have together, as far as it is known. */
  constructor(bytes: FileSystemBytes, expected: number) {
    this.#bytes = bytes;
    this.#expected = expected;
  }

  /** The bytes of a cluster. @throws ImageError */
  async read(
    { offset, size }: Pick<ClusterExtent, 'offset' | 'size'>,
    what: () => string,
  ): Promise<Uint8Array> {
    const end = this.#offset + this.#window.length;
    if (offset < this.#offset || offset + size > end) {
      const isNext = offset >= this.#offset && offset <= end;
      this.#ahead = isNext ? Math.min(2 * this.#ahead, READ_AHEAD.most) : READ_AHEAD.first;
      const wanted = Math.max(size, Math.min(this.#ahead, this.#expected));
      this.#window = await this.#bytes.read(offset, Math.min(wanted, this.#bytes.size - offset), what);
      this.#offset = offset;
    }
    this.#expected = Math.max(0, this.#expected - size);
    return this.#window.subarray(offset - this.#offset, offset - this.#offset + size);
  }
}
