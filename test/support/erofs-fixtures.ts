import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** What mkfs.erofs was run with for one of the images in test/fixtures/erofs. */
export interface ErofsFixture {
  /** Version of erofs-utils: 1.5 is Debian 12's, 1.8 Debian 13's. */
  readonly version: '1.5' | '1.8';
  /** Which of the trees it holds. */
  readonly tree: 'varied' | 'tiny';
  readonly options: readonly string[];
  /** What the reader tells of its compression. */
  readonly compression: readonly string[];
}

const LONG_PREFIX = '--xattr-prefix=user.test.long.';

/** The images by name. */
export const erofsFixtures: Readonly<Record<string, ErofsFixture>> = {
  'old-lz4': varied('1.5', ['lz4'], '-zlz4'),
  'old-lz4-legacy': varied('1.5', ['lz4'], '-zlz4', '-Elegacy-compress'),
  'old-lz4hc-tail': varied('1.5', ['lz4'], '-zlz4hc', '-C16384', '-Eztailpacking'),
  'lz4-legacy': varied('1.8', ['lz4'], '-zlz4', '-C16384', '-Elegacy-compress'),
  'lz4-fragments': varied('1.8', ['lz4'], '-zlz4', '-C16384', '-Efragments', LONG_PREFIX),
  lzma: varied('1.8', ['lzma'], '-zlzma', '-C65536', '-Eztailpacking'),
  deflate: varied('1.8', ['deflate'], '-zdeflate', '-C16384'),
  libdeflate: varied('1.8', ['deflate'], '-zlibdeflate', '-b512', '-Ededupe'),
  zstd: varied('1.8', ['zstd'], '-zzstd', '-C65536', '--max-extent-bytes=20000'),
  'zstd-all': varied('1.8', ['zstd'], '-zzstd', '-b1024', '-C16384', '-Eall-fragments,dedupe', LONG_PREFIX),
  'lz4-zstd': varied('1.8', ['lz4', 'zstd'], '-zlz4:zstd', '-C16384', '--compress-hints=hints'),
  chunks: varied('1.8', [], '--chunksize=4096', '--root-xattr-isize=200', LONG_PREFIX),
  'tiny-lz4': tiny(['lz4'], '-zlz4', '-b512', '-Eztailpacking'),
  'tiny-lzma': tiny(['lzma'], '-zlzma', '-b512', '-Elegacy-compress'),
  'tiny-deflate': tiny(['deflate'], '-zdeflate', '-b512', '-C2048'),
  'tiny-zstd': tiny(['zstd'], '-zzstd', '-b512', '-C2048', '-Eall-fragments,dedupe'),
};

function varied(
  version: '1.5' | '1.8',
  compression: readonly string[],
  ...options: readonly string[]
): ErofsFixture {
  return { version, tree: 'varied', options, compression };
}

function tiny(compression: readonly string[], ...options: readonly string[]): ErofsFixture {
  return { version: '1.8', tree: 'tiny', options, compression };
}

/** The bytes of an image. */
export function erofsFixture(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    gunzipSync(readFileSync(new URL(`../fixtures/erofs/${name}.erofs.gz`, import.meta.url))),
  );
}

/** The files of a tree, by path. */
export function fixtureFiles(tree: ErofsFixture['tree']): Map<string, Uint8Array> {
  const numbers = Buffer.from(Array.from({ length: 4000 }, (_, index) => `${index}\n`).join(''));
  if (tree === 'tiny') {
    return new Map([
      ['a/numbers', numbers.subarray(0, 6000)],
      ['a/small', numbers.subarray(0, 700)],
      ['again', numbers.subarray(0, 6000)],
    ]);
  }
  const noise = noiseOf(5000);
  const files: [string, Uint8Array][] = [
    ['empty', new Uint8Array(0)],
    ['noise', noise],
    ['numbers', numbers],
    [
      'mixed',
      Buffer.concat([numbers.subarray(0, 12_000), noise.subarray(0, 4500), numbers.subarray(0, 12_001)]),
    ],
    ['shifted', Buffer.concat([noise.subarray(0, 500), numbers])],
    ['zeros', new Uint8Array(200_000)],
  ];
  for (const size of [1, 511, 512, 513, 4095, 4096, 4097, 8192, 12_289])
    files.push([`sizes/${size}`, numbers.subarray(0, size)]);
  for (let index = 0; index < 20; index++)
    files.push([`small/${index}`, numbers.subarray(index * 600, index * 600 + 300 + 50 * index)]);
  return new Map(files);
}

/** Extended attributes of the varied tree's `numbers` and `small/0`, by name. */
export const FIXTURE_XATTRS: ReadonlyMap<string, string> = new Map([
  ['user.note', 'short'],
  ['user.test.long.first', 'with a long prefix'],
]);

/** Bytes that do not compress: a linear congruential generator's. */
function noiseOf(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  });
}
