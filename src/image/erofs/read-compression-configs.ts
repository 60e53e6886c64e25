import type { ByteSource } from '../byte-source.ts';
import { ImageError } from '../error.ts';
import { viewOf } from '../file-system-bytes.ts';
import { ALGORITHMS, type Algorithm, MAX_PCLUSTER_SIZE } from './compressed-layout.ts';

/** Every configuration starts at a multiple of this, with its length in two bytes. */
const ALIGNMENT = 4;
const LENGTH_SIZE = 2;
/** `struct z_erofs_lz4_cfgs` and its like: size, and why the kernel would refuse to mount. */
const CONFIGS: Readonly<
  Record<Algorithm, { size: number; refuses: (view: DataView, blockSize: number) => boolean }>
> = {
  lz4: {
    size: 14,
    refuses: (view, blockSize) => view.getUint16(2, true) * blockSize > MAX_PCLUSTER_SIZE,
  },
  lzma: {
    size: 14,
    refuses: (view) => {
      const dictionarySize = view.getUint32(0, true);
      return view.getUint16(4, true) !== 0 || dictionarySize < 4096 || dictionarySize > 8 << 20;
    },
  },
  deflate: { size: 6, refuses: (view) => view.getUint8(0) > 15 },
  zstd: { size: 6, refuses: (view) => view.getUint8(0) !== 0 || view.getUint8(1) > 10 },
};

/**
 * The algorithms of a bitmap, ascending, and where their configurations end, which are checked as the kernel does.
 *
 * @param offset Byte behind the superblock, where the configurations start.
 * @throws ImageError ('malformed', or 'out-of-range' for an algorithm that is not known).
 */
export async function readCompressionConfigs(
  source: ByteSource,
  offset: number,
  bitmap: number,
  blockSize: number,
): Promise<{ algorithms: Algorithm[]; end: number }> {
  if (bitmap >= 1 << ALGORITHMS.length) {
    throw new ImageError(
      'out-of-range',
      `EROFS superblock: compression algorithms (0x${bitmap.toString(16)}) that are not known here`,
    );
  }
  const algorithms = ALGORITHMS.filter((_, number) => (bitmap & (1 << number)) !== 0);
  let at = offset;
  for (const algorithm of algorithms) {
    const { size, refuses } = CONFIGS[algorithm];
    const malformed = (): ImageError =>
      new ImageError('malformed', `EROFS superblock: the configuration of ${algorithm} is not valid`);
    at = Math.ceil(at / ALIGNMENT) * ALIGNMENT;
    if (at + LENGTH_SIZE + size > source.size) throw malformed();
    const view = viewOf(await source.read(at, LENGTH_SIZE + size));
    const length = view.getUint16(0, true);
    if (length < size || refuses(new DataView(view.buffer, view.byteOffset + LENGTH_SIZE, size), blockSize))
      throw malformed();
    at += LENGTH_SIZE + length;
  }
  return { algorithms, end: at };
}
