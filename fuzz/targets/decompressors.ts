import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import { decompressLz4 } from '../../src/image/compression/lz4.ts';
import { decompressLzmaAlone } from '../../src/image/compression/lzma-alone.ts';
import { decompressLzo } from '../../src/image/compression/lzo.ts';
import { decompressMicroLzma } from '../../src/image/compression/micro-lzma.ts';
import { decompressXz } from '../../src/image/compression/xz.ts';
import type { Decompress } from '../../src/image/decompressors.ts';
import { ImageError } from '../../src/image/error.ts';
import type { Target } from '../engine/target.ts';
import { fixtures } from '../seeds/fixtures.ts';

const DECOMPRESSORS: readonly Decompress[] = [
  decompressLz4,
  decompressLzo,
  decompressXz,
  decompressLzmaAlone,
  decompressMicroLzma,
];
/** How the files that each of them reads are named. */
const ENDINGS = ['.lz4', '.lzo', '.xz', '.lzma', '.micro-lzma'];
/** Which decompressor (1 byte), and how much output is wanted (2). */
const HEADER_SIZE = 3;
const XZ = 2;
/** Stream flags of XZ, and the CRC-32 of them. */
const XZ_FLAGS = { start: 6, end: 8 };
const XZ_BLOCK = 12;

/** The decompressors of our own, one of them an input. */
export const target: Target = {
  seeds() {
    return ENDINGS.flatMap((ending, index) =>
      fixtures('test/image/compression/fixtures', ending).flatMap((data) => [
        Uint8Array.from([index, 0xff, 0x0f, ...data]),
        Uint8Array.from([index, 0xff, 0xff, ...data]),
      ]),
    );
  },
  run(input) {
    if (input.length < HEADER_SIZE) throw new ImageError('malformed', 'there is no header');
    const decompress = DECOMPRESSORS[input[0]! % DECOMPRESSORS.length]!;
    const size = input[1]! | (input[2]! << 8);
    const data = input.subarray(HEADER_SIZE);
    const before = crc32(data);
    let output: Uint8Array;
    try {
      output = decompress(data, size);
    } finally {
      assert.equal(crc32(data), before, 'the input was changed');
    }
    assert(output.length <= size, `${output.length} bytes where ${size} were asked for`);
    // What is wanted of the output decides nothing but where it ends; XZ checks blocks that are wanted whole.
    const less = output.length >> 1;
    assert(Buffer.compare(decompress(data, less), output.subarray(0, less)) === 0, 'a prefix differs');
  },
  repair(input) {
    const data = input.subarray(HEADER_SIZE);
    if (input[0] !== XZ || data.length < XZ_BLOCK) return;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const { start, end } = XZ_FLAGS;
    view.setUint32(end, crc32(data.subarray(start, end)), true);
    const headerSize = 4 * (data[XZ_BLOCK]! + 1);
    const headerEnd = XZ_BLOCK + headerSize - 4;
    if (headerEnd + 4 <= data.length)
      view.setUint32(headerEnd, crc32(data.subarray(XZ_BLOCK, headerEnd)), true);
  },
};
