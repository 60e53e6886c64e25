import { readFileSync } from 'node:fs';
import { decompressLz4 } from '../../../src/image/compression/lz4.ts';
import { decompressLzmaAlone } from '../../../src/image/compression/lzma-alone.ts';
import { decompressLzo } from '../../../src/image/compression/lzo.ts';
import { decompressMicroLzma } from '../../../src/image/compression/micro-lzma.ts';
import { decompressXz } from '../../../src/image/compression/xz.ts';
import type { Decompress } from '../../../src/image/decompressors.ts';

/** A file of fixtures/. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
}

/** Compressed data, what reads it, and what comes out. */
export interface Vector {
  readonly name: string;
  readonly decompress: Decompress;
  readonly plain: Uint8Array;
  /** Whether the data says where it ends, so that more may be asked for than there is. */
  readonly endsItself: boolean;
}

const text = fixture('text.bin');
const code = fixture('code.bin');

const xz = (plain: Uint8Array, name: string): Vector => ({
  name,
  decompress: decompressXz,
  plain,
  endsItself: true,
});

/** Every format, as the tools in fixtures/README.md write it. */
export const vectors: readonly Vector[] = [
  ...['text.lz4', 'text.hc.lz4'].map((name) => ({
    name,
    decompress: decompressLz4,
    plain: text,
    endsItself: true,
  })),
  ...['text.lzo', 'text.999.lzo'].map((name) => ({
    name,
    decompress: decompressLzo,
    plain: text,
    endsItself: true,
  })),
  ...['lc3-lp0-pb2', 'lc0-lp4-pb4', 'lc4-lp0-pb0'].map((parameters) => ({
    name: `text.${parameters}.micro-lzma`,
    decompress: decompressMicroLzma,
    plain: text,
    endsItself: false,
  })),
  { name: 'text.lzma', decompress: decompressLzmaAlone, plain: text, endsItself: true },
  ...['text.xz', 'text.blocks.xz'].map((name) => xz(text, name)),
  ...['x86', 'powerpc', 'ia64', 'arm', 'armthumb', 'sparc', 'arm64'].map((filter) =>
    xz(code, `code.${filter}.xz`),
  ),
];
