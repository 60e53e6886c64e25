import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SquashfsReader } from '../../src/image/squashfs/reader.ts';
import { decompressors } from '../../src/platform/decompressors.ts';
import { type Description, describeImage } from '../image/erofs/describe.ts';
import { describeDirectory, whyNoMount, withMount } from '../support/erofs-mount.ts';
import { withFileSource } from '../support/file-source.ts';
import { mustRun } from '../support/run-command.ts';
import { plantTree, type TreeCase, treeCases } from '../support/trees.ts';

const obstacle = await whyNoMount('squashfs');

/** Everything that differs in how it is stored: code, text, noise, ends of all sizes, holes, types, attributes. */
const mixed: TreeCase = {
  name: 'mixed',
  kind: 'sysext',
  fill: `
    ${treeCases.find(({ name }) => name === 'every-type')!.fill}
    cd ../..
    ${treeCases.find(({ name }) => name === 'attributes')!.fill}
    cd ../..
    cp /usr/bin/bash lib/code
    seq 1 300000 >lib/text
    head -c 700001 /dev/urandom >lib/noise
    for size in 100 5000 131071 131072 131073 262145; do seq 1 "$size" | head -c "$size" >"lib/text-$size"; done
    truncate --size=3M lib/holes
    printf a | dd of=lib/holes bs=1 seek=140000 conv=notrunc status=none
    seq 1 40000 | dd of=lib/holes bs=1M seek=2 conv=notrunc status=none
    setfattr --name=trusted.null --value=v lib/odd/character
    setfattr --name=trusted.fifo --value=v lib/odd/fifo
    touch --date=@1700000000 lib lib/odd lib/attributes
  `,
};

/** A sparse file beyond 32 bits, with bytes on both sides of 4 GiB. */
const beyond4GiB: TreeCase = {
  name: 'beyond-4-gib',
  kind: 'sysext',
  fill: `
    mkdir share
    truncate --size=4608M share/large
    printf before | dd of=share/large bs=1 seek=4294967290 conv=notrunc status=none
    printf behind | dd of=share/large bs=1 seek=4294967296 conv=notrunc status=none
    printf end | dd of=share/large bs=1 seek=4831838205 conv=notrunc status=none
  `,
};

describe.skipIf(obstacle !== undefined)(`SquashFS images${obstacle ? ` (${obstacle})` : ''}`, () => {
  let work: string;
  let image: string;

  beforeAll(async () => {
    work = await mkdtemp('/var/tmp/kairos-sysext-squashfs-');
    image = join(work, 'image.squashfs');
    await plantTree(mixed, join(work, 'mixed'), 'x86-64');
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  async function make(tree: string, options: readonly string[]): Promise<void> {
    const common = ['-noappend', '-no-progress', '-quiet', '-processors', '2'];
    await mustRun('mksquashfs', [tree, image, ...common, ...options]);
  }

  const describeOurs = (): Promise<Description[]> =>
    withFileSource(image, async (source) => describeImage(await SquashfsReader.open(source, decompressors)));

  async function expectAsInKernel(): Promise<Description[]> {
    const ours = await describeOurs();
    expect(ours).toEqual(await withMount('squashfs', image, describeDirectory));
    return ours;
  }

  test.each([...treeCases, beyond4GiB])('$name: as the kernel shows it', async (treeCase) => {
    const tree = join(work, treeCase.name);
    await plantTree(treeCase, tree, 'x86-64');
    try {
      await make(tree, treeCase.name.startsWith('m') ? ['-b', '1M'] : []);
      const ours = await expectAsInKernel();
      expect(ours.length).toBeGreaterThan(3);
    } finally {
      await rm(tree, { recursive: true });
    }
  });

  test.each([
    ['-comp gzip'],
    ['-comp gzip -Xcompression-level 1 -b 4096'],
    ['-comp gzip -noI -noX'],
    ['-comp gzip -noD -noF'],
    ['-noI -noD -noF -noX -noId'],
    ['-comp lzo'],
    ['-comp lzo -Xalgorithm lzo1x_1 -b 8192'],
    ['-comp lzo -Xalgorithm lzo1x_1_11 -always-use-fragments'],
    ['-comp lz4'],
    ['-comp lz4 -Xhc -b 1M'],
    ['-comp xz'],
    ['-comp xz -Xbcj x86 -b 1M'],
    ['-comp xz -Xbcj x86,arm,armthumb,powerpc,sparc,ia64 -Xdict-size 50%'],
    ['-comp zstd'],
    ['-comp zstd -Xcompression-level 22 -b 1M'],
    ['-no-fragments'],
    ['-always-use-fragments'],
    ['-no-xattrs'],
    ['-no-duplicates -no-hardlinks -no-sparse'],
    ['-no-exports -tailends'],
  ])('of mksquashfs %s: as the kernel shows them', async (options) => {
    await make(join(work, 'mixed'), options.split(' '));
    await expectAsInKernel();
  });

  test.each(['-comp lzma', '-comp lzma -b 1M'])(
    'of mksquashfs %s, which no kernel reads: as unsquashfs does',
    async (options) => {
      await make(join(work, 'mixed'), options.split(' '));
      const extracted = join(work, 'extracted');
      await mustRun('unsquashfs', ['-quiet', '-no-progress', '-dest', extracted, image]);
      try {
        expect(await describeOurs()).toEqual(await describeDirectory(extracted));
      } finally {
        await rm(extracted, { recursive: true });
      }
    },
  );

  test('that were added to: as the kernel shows them', async () => {
    await make(join(work, 'mixed', 'usr', 'lib', 'odd'), []);
    const add = ['-no-progress', '-quiet', '-no-recovery'];
    await mustRun('mksquashfs', [join(work, 'mixed', 'usr', 'lib', 'attributes'), image, ...add]);
    await expectAsInKernel();
  });

  test('of a tar file, of sqfstar: as the kernel shows them', async () => {
    await rm(image, { force: true });
    await mustRun('sh', [
      '-euc',
      'tar --create --xattrs --xattrs-include="*" --directory="$1" . | sqfstar -no-progress -quiet "$2"',
      'sh',
      join(work, 'mixed'),
      image,
    ]);
    await expectAsInKernel();
  });

  test('whose directories share their entries are refused', async () => {
    const tree = join(work, 'shared');
    await mkdir(tree);
    await mustRun(
      'sh',
      ['-euc', 'mkdir fat; seq 1 400 | sed s,^,fat/, | xargs touch; seq 1000 1299 | xargs mkdir'],
      {
        cwd: tree,
      },
    );
    await make(tree, ['-noI', '-noD', '-noF', '-noX']);
    const bytes = new Uint8Array(await readFile(image));
    const view = new DataView(bytes.buffer);
    await withFileSource(image, async (source) => {
      const reader = await SquashfsReader.open(source, decompressors);
      const fat = (await reader.lookup('fat'))!;
      if (fat.data.kind !== 'entries') throw new Error('fat is no directory');
      for (let name = 1000; name < 1300; name++) {
        const { nid, reference } = (await reader.lookup(String(name)))!;
        // Blocks of metadata are stored as they are, with two bytes before each.
        const at = reader.superblock.inodeTable + 2 + Math.floor(reference / 0x10000) + (reference % 0x10000);
        // An inode over the end of a block stays as it is.
        if ((reference % 0x10000) + 32 > 8192) continue;
        expect(view.getUint32(at + 12, true)).toBe(nid);
        view.setUint32(at + 16, Math.floor(fat.data.reference / 0x10000), true);
        view.setUint16(at + 24, fat.data.size + 3, true);
        view.setUint16(at + 26, fat.data.reference % 0x10000, true);
      }
    });
    await writeFile(image, bytes);
    await expect(describeOurs()).rejects.toThrow('directories share their entries');
  });
});
