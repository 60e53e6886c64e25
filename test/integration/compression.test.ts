import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decompressLz4 } from '../../src/image/compression/lz4.ts';
import { decompressLzmaAlone } from '../../src/image/compression/lzma-alone.ts';
import { decompressMicroLzma } from '../../src/image/compression/micro-lzma.ts';
import { decompressXz } from '../../src/image/compression/xz.ts';

/** Bytes that are not random but look like it; the same at each run. */
function noise(length: number, values = 256): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % values;
  });
}

/** Bytes of which most are what branch filters look at. */
const branches = noise(500_000, 12).map(
  (value) => [0xe8, 0xe9, 0, 0xff, 0xeb, 0x48, 0x40, 0x7f, 0xf0, 0xf8, 0x94, 1][value]!,
);

const inputs: [name: string, bytes: Uint8Array][] = [
  ['one byte', Uint8Array.of(7)],
  ['zeros', new Uint8Array(3_000_000)],
  ['noise', noise(300_000)],
  ['few values', noise(300_000, 3)],
  ['text', new TextEncoder().encode(Array.from({ length: 60_000 }, (_, index) => `${index * 7}\n`).join(''))],
  ['code', readFileSync('/usr/bin/bash')],
  ['branches', branches],
];

function compress(input: Uint8Array, command: string): Uint8Array {
  const [program, ...options] = command.split(' ');
  const { status, stdout, stderr } = spawnSync(program!, options, { input, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
}

function expectSame(found: Uint8Array, expected: Uint8Array): void {
  expect(found.length).toBe(expected.length);
  expect(Buffer.compare(found, expected)).toBe(0);
}

describe.each(inputs)('%s', (_, input) => {
  test.each(['-1', '-9', '-12', '--fast=9'])('lz4 %s', (level) => {
    const frame = Buffer.from(compress(input, `lz4 -c -B7 --no-frame-crc ${level}`));
    // Magic number, flags, size of blocks, checksum of these; the content's size is not there when it comes from a pipe.
    let at = 7;
    const pieces: Uint8Array[] = [];
    for (let size = frame.readUInt32LE(at); size !== 0; size = frame.readUInt32LE(at)) {
      const block = frame.subarray(at + 4, at + 4 + (size & 0x7fffffff));
      pieces.push(size >= 2 ** 31 ? block : decompressLz4(block, 4 << 20));
      at += 4 + block.length;
    }
    expectSame(Buffer.concat(pieces), input);
  });

  test.each([
    '--check=crc32 -0',
    '--check=crc64 -9',
    '--check=sha256 --lzma2=lc=0,lp=4,pb=4',
    '--check=none --block-size=100000',
    ...['x86', 'powerpc', 'ia64', 'arm', 'armthumb', 'sparc', 'arm64'].map(
      (filter) => `--check=crc32 --${filter} --lzma2=preset=1`,
    ),
  ])('xz %s', (options) => {
    const data = compress(input, `xz -c -T1 ${options}`);
    expectSame(decompressXz(data, input.length), input);
    const part = Math.floor(input.length / 3);
    expectSame(decompressXz(data, part), input.subarray(0, part));
  });

  test.each(['-0', '-6', '--lzma1=lc=1,lp=3,pb=0'])('xz --format=lzma %s', (options) => {
    expectSame(decompressLzmaAlone(compress(input, `xz -c --format=lzma ${options}`), input.length), input);
  });

  test.each([
    [3, 0, 2],
    [0, 4, 4],
    [4, 0, 0],
    [1, 3, 1],
  ])('raw LZMA with lc=%i, lp=%i, pb=%i as MicroLZMA', (lc, lp, pb) => {
    const data = compress(input, `xz -c --format=raw --lzma1=preset=2,lc=${lc},lp=${lp},pb=${pb}`);
    data[0] = ~((pb * 5 + lp) * 9 + lc);
    expectSame(decompressMicroLzma(data, input.length), input);
  });
});
