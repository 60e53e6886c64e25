import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkErofsStructure } from '../../src/image/erofs/check-structure.ts';
import { ErofsReader } from '../../src/image/erofs/reader.ts';
import { decompressors } from '../../src/platform/decompressors.ts';
import { type Description, describeImage } from '../image/erofs/describe.ts';
import { describeDirectory, whyNoErofsMount, withErofsMount } from '../support/erofs-mount.ts';
import { mustRun } from '../support/run-command.ts';
import { inSystemdRoot, mustRunInSystemdRoot } from '../support/systemd-root.ts';
import { plantTree, type TreeCase, treeCases } from '../support/trees.ts';

const obstacle = await whyNoErofsMount();

/** What compressors and their options show: text, noise, both, zeros, equal and shifted content, many small files. */
const compressible: TreeCase = {
  name: 'compressible',
  kind: 'sysext',
  fill: `
    mkdir -p lib/many share
    for index in $(seq 1 100); do seq $index 7 $((index * 40)) >lib/many/small-$index; done
    for name in lib/many/small-1?; do setfattr --name=user.test.long.shared --value='the same value' $name; done
    seq 1 200000 >share/numbers
    head -c 300000 /dev/urandom >share/noise
    (seq 1 20000; head -c 50000 /dev/urandom; seq 1 20000) >share/mixed
    cp /bin/bash share/program
    cp share/program share/program-again
    (head -c 1000 share/noise; cat share/program) >share/program-shifted
    head -c 1000000 share/program >share/program-beginning
    head -c 5000000 /dev/zero >share/zeros
    truncate --size=3M share/hole && printf end >>share/hole
    for size in 1 511 512 513 1025 2047 4095 4096 4097 8192 12345 65535 65536 65537; do
      seq 1 100000 | head -c $size >share/size-$size
    done
  `,
};

/** Options that change how every compressor's output is stored, by a name for the test. */
const layouts: Readonly<Record<string, readonly string[]>> = {
  'one block': ['-C4096'],
  '64 KiB': ['-C65536'],
  '1 MiB': ['-C1048576'],
  'short extents': ['-C65536', '--max-extent-bytes=20000'],
  'inline ends': ['-C16384', '-Eztailpacking'],
  'full indexes': ['-Elegacy-compress'],
  'full indexes, 64 KiB': ['-C65536', '-Elegacy-compress'],
};
/** Those that 1.5 does not have. */
const newLayouts: typeof layouts = {
  fragments: ['-C65536', '-Efragments'],
  'fragments and inline ends': ['-C32768', '-Efragments,ztailpacking'],
  'only fragments': ['-C65536', '-Eall-fragments'],
  deduplicated: ['-Ededupe'],
  everything: ['-C32768', '-Eall-fragments,dedupe,ztailpacking', '--xattr-prefix=user.test.long.'],
  'blocks of 512': ['-b512'],
  'blocks of 1024, all': ['-b1024', '-C65536', '-Eall-fragments,dedupe'],
  'blocks of 2048, 64 KiB': ['-b2048', '-C65536'],
};
const plainLayouts: typeof layouts = {
  plain: [],
  'without inline data': ['-Enoinline_data'],
  chunks: ['--chunksize=4096'],
  'large chunks': ['--chunksize=65536'],
  'chunk indexes': ['-Eforce-chunk-indexes', '--chunksize=16384'],
};
const newPlainLayouts: typeof layouts = {
  'blocks of 512': ['-b512'],
  'blocks of 1024, chunks': ['-b1024', '--chunksize=4096'],
  prefixes: ['--xattr-prefix=user.test.long.', '--xattr-prefix=security.se'],
  'room for attributes': ['--root-xattr-isize=300'],
  'own times': ['-T1', '--mkfs-time'],
  aligned: ['--dsunit=16', '-zlz4'],
  'prefixes among fragments': ['--xattr-prefix=user.test.long.', '-zzstd', '-C65536', '-Efragments'],
  'lz4 and zstd': ['-zlz4:zstd', '-C65536', '--compress-hints=hints'],
  'zstd and lzma': ['-zzstd:lzma', '-C65536', '--compress-hints=hints', '-Efragments,dedupe'],
  'deflate and lz4, full indexes': [
    '-zdeflate:lz4',
    '-C65536',
    '--compress-hints=hints',
    '-Elegacy-compress,ztailpacking',
  ],
  'lzma, large dictionary': ['-zlzma,level=9,dictsize=8388608', '-C1048576'],
  'zstd at its best': ['-zzstd,level=22', '-C1048576'],
};

interface Version {
  readonly name: string;
  readonly compressors: readonly string[];
  readonly compressed: typeof layouts;
  readonly plain: typeof layouts;
  /** 1.5 gives up where a path is longer than PATH_MAX. */
  readonly trees: readonly string[];
  readonly run: (directory: string, args: readonly string[]) => Promise<unknown>;
}

const versions: readonly Version[] = [
  {
    name: '1.5',
    compressors: ['lz4', 'lz4hc'],
    compressed: layouts,
    plain: plainLayouts,
    trees: ['every-type', 'attributes'],
    run: (directory, args) => mustRun('mkfs.erofs', args, { cwd: directory }),
  },
  {
    name: '1.8',
    compressors: ['lz4', 'lz4hc', 'lzma', 'deflate', 'libdeflate', 'zstd'],
    compressed: { ...layouts, ...newLayouts },
    plain: { ...plainLayouts, ...newPlainLayouts },
    trees: ['every-type', 'attributes', 'names'],
    run: (directory, args) => mustRunInSystemdRoot(directory, ['mkfs.erofs', ...args]),
  },
];

describe.skipIf(obstacle !== undefined)(`images of mkfs.erofs${obstacle ? ` (${obstacle})` : ''}`, () => {
  let work: string;
  const trees = ['compressible', 'every-type', 'attributes', 'names'];
  const wanted = new Map<string, Description[]>();

  beforeAll(async () => {
    work = await mkdtemp('/var/tmp/kairos-sysext-mkfs-');
    for (const name of trees) {
      const tree = name === 'compressible' ? compressible : treeCases.find((known) => known.name === name)!;
      await mkdir(join(work, name));
      await plantTree(tree, join(work, name), 'x86-64');
      wanted.set(name, (await describeDirectory(join(work, name))).map(ofTree));
    }
    await writeFile(join(work, 'hints'), '65536 1 lib/many\n16384 0 numbers\n4096 1 program\n');
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  /** Writes an image of a tree and compares what the reader finds with the tree, the kernel's view, and our own check. */
  async function expectRead(version: Version, tree: string, options: readonly string[]): Promise<void> {
    const image = join(work, 'image.erofs');
    await rm(image, { force: true });
    await version.run(work, ['--quiet', ...options, 'image.erofs', tree]);
    await using file = await open(image);
    const reader = await openFile(file);
    const read = await describeImage(reader);
    expect(read.map(ofTree)).toEqual(options.includes('--mkfs-time') ? expect.anything() : wanted.get(tree));
    expect(await withErofsMount(image, describeDirectory)).toEqual(read);
    expect(await checkErofsStructure(reader, { content: true })).toEqual([]);
  }

  describe.each(versions)('$name', (version) => {
    it.each(Object.entries(version.plain))('%s', (_, options) =>
      expectRead(version, 'compressible', options),
    );

    describe.each(version.compressors)('%s', (compressor) => {
      it.each(Object.entries(version.compressed))('%s', (_, options) =>
        expectRead(version, 'compressible', [`-z${compressor}`, ...options]),
      );
    });

    it.each(version.trees)('the tree %s', async (tree) => {
      await expectRead(version, tree, []);
      await expectRead(version, tree, ['-zlz4hc', '-C65536', '-Eztailpacking']);
    });
  });

  it('with blocks below 4096 and inline ends are read as the kernel reads them', async () => {
    // 1.8.6 loses the end of some uncompressed files there: what the kernel shows is compared instead of the tree.
    const image = join(work, 'image.erofs');
    await rm(image, { force: true });
    await mustRunInSystemdRoot(work, [
      'mkfs.erofs',
      '--quiet',
      '-zlz4',
      '-b512',
      '-C65536',
      '-Eztailpacking',
      'image.erofs',
      'compressible',
    ]);
    await using file = await open(image);
    const read = await describeImage(await openFile(file));
    expect(await withErofsMount(image, describeDirectory)).toEqual(read);
  });

  it('have the inodes that dump.erofs tells', async () => {
    const image = join(work, 'image.erofs');
    await rm(image, { force: true });
    await mustRunInSystemdRoot(work, [
      'mkfs.erofs',
      '--quiet',
      '-zzstd',
      '-Efragments',
      'image.erofs',
      'every-type',
    ]);
    await using file = await open(image);
    const reader = await openFile(file);
    const paths = ['usr', 'usr/lib/odd', 'usr/lib/odd/other'];
    for (const path of paths) {
      const directory = (await reader.lookup(path))!;
      const ours: string[] = [];
      for await (const { name } of reader.entries(directory)) {
        ours.push(`${(await reader.lookup(`${path}/${name}`))!.nid} ${name}`);
      }
      const { stdout } = await inSystemdRoot(work, ['dump.erofs', '--ls', `--path=/${path}`, 'image.erofs']);
      const theirs = [...stdout.matchAll(/^\s+(\d+)\s+\d+\s+(\S+)$/gm)].map(
        ([, nid, name]) => `${nid} ${name}`,
      );
      expect(theirs.filter((line) => !/ \.{1,2}$/.test(line)).sort()).toEqual(ours.sort());
      expect(ours.length).toBeGreaterThan(0);
    }
  });

  it('are listed, though content on another device is not read', async () => {
    await mustRun(
      'mkfs.erofs',
      ['--quiet', '--blobdev=blob', '--chunksize=65536', 'image.erofs', 'compressible'],
      {
        cwd: work,
      },
    );
    await using file = await open(join(work, 'image.erofs'));
    const reader = await openFile(file);
    const names: string[] = [];
    for await (const { path } of reader.walk()) names.push(path);
    expect(names.sort()).toEqual(wanted.get('compressible')!.map(({ path }) => path));
    const numbers = (await reader.lookup('usr/share/numbers'))!;
    await expect(reader.content(numbers).next()).rejects.toMatchObject({ code: 'out-of-range' });
  });
});

async function openFile(file: Awaited<ReturnType<typeof open>>): Promise<ErofsReader> {
  const { size } = await file.stat();
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, offset);
    if (bytesRead !== length) throw new RangeError(`${offset} + ${length} is outside of ${size}`);
    return buffer;
  };
  return ErofsReader.open({ size, read }, decompressors);
}

/** Directories have another number of links on other file systems. */
function ofTree(description: Description): Description {
  return description.type === 'directory' ? { ...description, links: 0 } : description;
}
