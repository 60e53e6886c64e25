import { strict as assert } from 'node:assert';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { unpacked } from '../../src/source/unpack/decompress.ts';
import { cutAtFrames } from '../../src/source/unpack/zstd-frames.ts';
import { inChunks } from '../../test/source/tar/read-all.ts';
import type { Target } from '../engine/target.ts';

/** Bytes that may come out: a bomb is refused after this. */
const LIMIT = 4 * 1024 * 1024;

/** A layer, packed or not; what is cut at the ends of its frames is all there. */
export const target: Target = {
  sizeMax: 16 * 1024,
  seeds() {
    const text = Buffer.from('some text '.repeat(50));
    const zeros = Buffer.alloc(1024 * 1024);
    const skippable = Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    return [
      text,
      gzipSync(text),
      Buffer.concat([gzipSync(text), gzipSync(zeros)]),
      zstdCompressSync(text),
      Buffer.concat([skippable, zstdCompressSync(text), zstdCompressSync(zeros)]),
    ].map((bytes) => new Uint8Array(bytes));
  },
  async run(input) {
    const pieces: Uint8Array[] = [];
    for await (const piece of cutAtFrames(inChunks(input, 100))) pieces.push(piece);
    assert(Buffer.concat(pieces).equals(input), 'bytes were lost between frames');
    let total = 0;
    for await (const piece of unpacked(inChunks(input, 4096), 'x', LIMIT)) total += piece.length;
    assert(total <= LIMIT, `${total} bytes`);
  },
};
