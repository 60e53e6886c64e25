import { decompressLz4 } from '../compression/lz4.ts';
import { decompressLzmaAlone } from '../compression/lzma-alone.ts';
import { decompressLzo } from '../compression/lzo.ts';
import { decompressXz } from '../compression/xz.ts';
import type { Decompress, Decompressors } from '../decompressors.ts';

/** A compressor as mksquashfs calls it, and its inverse. */
export interface Compressor {
  readonly name: string;
  readonly decompress: Decompress;
}

/** The compressor by its number in the superblock; undefined if there is none. */
export function compressorOf(id: number, decompressors: Decompressors): Compressor | undefined {
  switch (id) {
    case 1:
      return { name: 'gzip', decompress: decompressors.zlib };
    case 2:
      return { name: 'lzma', decompress: decompressLzmaAlone };
    case 3:
      return { name: 'lzo', decompress: decompressLzo };
    case 4:
      return { name: 'xz', decompress: decompressXz };
    case 5:
      return { name: 'lz4', decompress: decompressLz4 };
    case 6:
      return { name: 'zstd', decompress: decompressors.zstd };
    default:
      return undefined;
  }
}
