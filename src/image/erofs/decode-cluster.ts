import { decompressLz4 } from '../compression/lz4.ts';
import { decompressMicroLzma } from '../compression/micro-lzma.ts';
import type { Decompress, Decompressors } from '../decompressors.ts';
import { ImageError } from '../error.ts';
import type { Algorithm } from './compressed-layout.ts';
import type { ClusterExtent } from './extent.ts';
import { FEATURE_INCOMPAT } from './layout.ts';
import type { Superblock } from './read-superblock.ts';

/** Decodes clusters of a file system. */
export class ClusterDecoder {
  readonly #blockSize: number;
  /** Whether compressed bytes are at the end of their cluster, with zeros before them. */
  readonly #hasZeroPadding: boolean;
  readonly #decompress: Readonly<Record<Algorithm, Decompress | undefined>>;

  /** @param decompressors Without them, content compressed with DEFLATE or zstd cannot be read. */
  constructor({ blockSize, featureIncompat }: Superblock, decompressors: Decompressors | undefined) {
    this.#blockSize = blockSize;
    this.#hasZeroPadding = (featureIncompat & FEATURE_INCOMPAT.zeroPadding) !== 0;
    this.#decompress = {
      lz4: decompressLz4,
      lzma: decompressMicroLzma,
      deflate: decompressors?.deflate,
      zstd: decompressors?.zstd,
    };
  }

  /**
   * The content of an extent.
   *
   * @param cluster All bytes of its cluster.
   * @throws ImageError ('malformed' where the bytes are not what the extent says, 'out-of-range' without a decompressor).
   */
  decode(cluster: Uint8Array, extent: ClusterExtent, what: () => string): Uint8Array {
    const { encoding, length, rotation } = extent;
    if (encoding === 'plain') {
      return rotation === undefined
        ? cluster.subarray(0, length)
        : this.#rotate(cluster, length, rotation, what);
    }
    const decompress = this.#decompress[encoding];
    if (decompress === undefined)
      throw new ImageError(
        'out-of-range',
        `${what()}: it is compressed with ${encoding}, for which nothing is at hand`,
      );
    const decoded = this.#run(decompress, this.#withoutPadding(cluster, encoding, what), extent, what);
    if (decoded.length === length) return decoded;
    throw new ImageError(
      'malformed',
      `${what()}: the ${encoding} data at ${extent.offset} has ${decoded.length} bytes, not ${length}`,
    );
  }

  #run(
    decompress: Decompress,
    input: Uint8Array,
    { encoding, length, offset }: ClusterExtent,
    what: () => string,
  ): Uint8Array {
    try {
      return decompress(input, length);
    } catch (cause) {
      const sentence = `${what()}: the ${encoding} data at ${offset} cannot be decompressed`;
      throw new ImageError('malformed', sentence, { cause });
    }
  }

  /** Zeros at the start of the first block are not the algorithm's; before zero padding, LZ4 began there. */
  #withoutPadding(cluster: Uint8Array, encoding: Algorithm, what: () => string): Uint8Array {
    if (encoding === 'lz4' && !this.#hasZeroPadding) return cluster;
    const end = Math.min(cluster.length, this.#blockSize);
    for (let start = 0; start < end; start++) if (cluster[start] !== 0) return cluster.subarray(start);
    throw new ImageError('malformed', `${what()}: its ${encoding} data is zeros only`);
  }

  /** The bytes up to the end of the first block of content are at the end of the cluster, the others at its start. */
  #rotate(cluster: Uint8Array, length: number, rotation: number, what: () => string): Uint8Array {
    const inFirstBlock = this.#blockSize - rotation;
    const start = cluster.length - inFirstBlock;
    if (start < 0)
      throw new ImageError('malformed', `${what()}: an interlaced cluster of ${cluster.length} bytes`);
    if (length <= inFirstBlock) return cluster.subarray(start, start + length);
    const content = new Uint8Array(length);
    content.set(cluster.subarray(start));
    content.set(cluster.subarray(0, length - inFirstBlock), inFirstBlock);
    return content;
  }
}
