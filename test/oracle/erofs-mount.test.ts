import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ByteString } from '../../src/base/byte-string.ts';
import type { DirectoryNode, ErofsNode, InodeAttributes } from '../../src/image/erofs/tree.ts';
import { makeTree, type NodePlan, trees } from '../image/erofs/arbitrary-tree.ts';
import { attributes, BUILD_TIME, directory, TestImage } from '../image/erofs/build-image.ts';
import { type Description, describeImage, describeTree } from '../image/erofs/describe.ts';
import { describeDirectory, whyNoErofsMount, withErofsMount } from '../support/erofs-mount.ts';
import { mustRun } from '../support/run-command.ts';
import { mustRunInSystemdRoot } from '../support/systemd-root.ts';

const obstacle = await whyNoErofsMount();
const OTHER_TIME = { seconds: 1_234_567_890, nanoseconds: 1 };
const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe.skipIf(obstacle !== undefined)(
  `EROFS images in the kernel${obstacle ? ` (${obstacle})` : ''}`,
  () => {
    let work: string;
    let file: string;

    beforeAll(async () => {
      work = await mkdtemp('/var/tmp/kairos-sysext-erofs-');
      file = join(work, 'image.erofs');
    });
    afterAll(() => rm(work, { recursive: true, force: true }));

    /** A block is left behind the image, as Debian 12's fsck.erofs 1.5 reads 12 bytes past an inode without attributes. */
    async function save(image: TestImage): Promise<void> {
      await writeFile(file, [image.sink.bytes(), new Uint8Array(4096)]);
    }

    /** Finishes the image, lets both versions of fsck.erofs check it and the kernel show it. */
    async function expectSame(image: TestImage, root: DirectoryNode): Promise<Description[]> {
      await image.finish(root);
      await save(image);
      await mustRun('fsck.erofs', [file]);
      await mustRunInSystemdRoot(work, ['fsck.erofs', file]);
      const shown = await withErofsMount(file, describeDirectory);
      expect(shown).toEqual(describeTree(root, image.contents));
      return shown;
    }

    it('shows an empty tree', async () => {
      const shown = await expectSame(new TestImage(), directory());
      expect(shown).toHaveLength(1);
    });

    it('shows every file type, owner, mode and time', async () => {
      const image = new TestImage();
      const large = { uid: 3_000_000_000, gid: 70_000, mode: 0o6755, mtime: OTHER_TIME };
      const shared = await image.file('hard linked');
      await expectSame(
        image,
        directory([
          ['compact', await image.file('compact', { mode: 0, uid: 65_535, gid: 65_535 })],
          ['extended', await image.file('extended', large)],
          ['link', { type: 'symlink', ...attributes({ mode: 0o777 }), target: 'compact' }],
          ['link-long', { type: 'symlink', ...attributes(large), target: `${'long/'.repeat(818)}x` }],
          ['link-block', { type: 'symlink', ...attributes(large), target: 'y'.repeat(4032) }],
          ['block', { type: 'block-device', ...attributes({ mode: 0o660 }), major: 4095, minor: 0xf_ffff }],
          ['character', { type: 'character-device', ...attributes(large), major: 10, minor: 229 }],
          ['fifo', { type: 'fifo', ...attributes({ mode: 0o1777 }) }],
          ['socket', { type: 'socket', ...attributes(large) }],
          ['first', shared],
          ['sub', directory([['second', shared]], { mode: 0o1777, mtime: OTHER_TIME })],
        ]),
      );
    });

    it('shows files of every size around blocks and chunks', async () => {
      const image = new TestImage();
      const children = new Map<ByteString, ErofsNode>();
      for (const blocks of [0, 1, 2, 16, 17, 32, 256]) {
        for (const more of [-4095, -65, -64, -33, -32, -1, 0, 1, 64, 4031, 4032, 4033]) {
          const size = blocks * 4096 + more;
          if (size < 0) continue;
          const content = pattern(size, size);
          children.set(`data-${size}`, await image.file(content));
          children.set(`own-time-${size}`, await image.file(content, { mtime: OTHER_TIME }));
          children.set(`zeros-${size}`, await image.file(new Uint8Array(size)));
          children.set(`hole-${size}`, await image.file(pattern(size, size).fill(0, 0, 65_536)));
          children.set(`end-${size}`, await image.file(pattern(size, size).fill(0, 65_536)));
        }
      }
      await expectSame(image, directory(children));
    });

    it('shows extended attributes, shared and of 60 KB', async () => {
      const image = new TestImage();
      const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
      const acl = Buffer.from(
        '0200000001000600ffffffff020007000100000004000400ffffffff10000700ffffffff20000400ffffffff',
        'hex',
      );
      const sets: ReadonlyMap<ByteString, Uint8Array>[] = [
        new Map([['security.capability', capability]]),
        new Map([
          ['user.empty', new Uint8Array(0)],
          ['security.capability', capability],
        ]),
        new Map([
          ['trusted.large', pattern(60_000, 1)],
          ['user.note', Buffer.from('shared by many')],
        ]),
        new Map([
          ['trusted.large', pattern(60_000, 2)],
          ['trusted.larger', pattern(65_535, 3)],
        ]),
        new Map([
          ['user.name\xff\n', Buffer.from('odd')],
          [`trusted.${'n'.repeat(247)}`, pattern(4000, 4)],
        ]),
        new Map([['system.posix_acl_access', acl]]),
        new Map(Array.from({ length: 300 }, (_, index) => [`user.${index}`, Buffer.from(`value ${index}`)])),
      ];
      const children = new Map<ByteString, ErofsNode>();
      for (const [index, xattrs] of sets.entries()) {
        const given = { xattrs, mode: 0o664 };
        const linkGiven = {
          xattrs: new Map([...xattrs].filter(([name]) => /^(trusted|security)/.test(name))),
        };
        for (const copy of index === 3 ? [1] : [1, 2, 3]) {
          children.set(`file-${index}-${copy}`, await image.file(pattern(500 * index, index), given));
          children.set(`large-${index}-${copy}`, await image.file(pattern(9000 * index, index), given));
          const folder = [['x', await image.file('x')]] as const;
          children.set(`directory-${index}-${copy}`, directory(folder, { xattrs }));
          children.set(`link-${index}-${copy}`, { type: 'symlink', ...attributes(linkGiven), target: 'x' });
          children.set(`fifo-${index}-${copy}`, { type: 'fifo', ...attributes(linkGiven) });
        }
      }
      await expectSame(image, directory(children, { xattrs: sets[2]! }));
    });

    it('shows names of 255 bytes, of any bytes, and 10,000 in a directory', async () => {
      const image = new TestImage();
      const leaf = (): ErofsNode => ({ type: 'fifo', ...attributes() });
      const units = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1)).filter(
        (unit) => unit !== '/',
      );
      const odd = units
        .flatMap((unit) => [unit.repeat(255), `${unit}.`, `a${unit}`])
        .filter((name) => name !== '..');
      await expectSame(
        image,
        directory([
          ['odd', directory(odd.map((name) => [name, leaf()]))],
          ['many', directory(Array.from({ length: 10_000 }, (_, index) => [`entry-${index}`, leaf()]))],
          // Exactly one block of entries: the 24 + 3 bytes of the dots, then 251 × 16 and 53.
          [
            'full',
            directory([
              ['x'.repeat(41), leaf()],
              ...Array.from({ length: 251 }, (_, index) => [String(1000 + index), leaf()] as const),
            ]),
          ],
        ]),
      );
    });

    it('shows 15,000 files', async () => {
      const image = new TestImage();
      const folders = new Map<ByteString, ErofsNode>();
      for (let folder = 0; folder < 150; folder++) {
        const children = new Map<ByteString, ErofsNode>();
        for (let index = 0; index < 100; index++) {
          const number = folder * 100 + index;
          const mtime = number % 3 === 0 ? OTHER_TIME : BUILD_TIME;
          children.set(
            `file-${index}`,
            await image.file(pattern((number * 7919) % 30_000, number), { mtime }),
          );
        }
        folders.set(`folder-${folder}`, directory(children));
      }
      await expectSame(image, directory(folders));
    });

    it('shows 70,000 links to a file', async () => {
      const image = new TestImage();
      const target = await image.file('many names');
      await expectSame(
        image,
        directory(Array.from({ length: 70_000 }, (_, index) => [`name-${index}`, target])),
      );
    });

    it('shows the files of extracted images alike', async () => {
      const image = new TestImage();
      const children: [ByteString, ErofsNode][] = [
        ['small', await image.file('small', { mode: 0o600 })],
        ['large', await image.file(pattern(300_001, 1), { uid: 12, gid: 34 })],
        ['sparse', await image.file(pattern(400_001, 1).fill(0, 70_000, 380_000))],
        ['link', { type: 'symlink', ...attributes({ mode: 0o777 }), target: 'small' }],
        ['fifo', { type: 'fifo', ...attributes() }],
        ['device', { type: 'character-device', ...attributes(), major: 1, minor: 3 }],
      ];
      const root = directory([...children, ['sub', directory(children.slice(0, 2))]]);
      await image.finish(root);
      await save(image);
      const wanted = describeTree(root, image.contents).map(comparable);
      // fsck.erofs 1.5 leaves holes out of what it extracts.
      const isDense = ({ path }: { path: ByteString }): boolean => path !== 'sparse';
      await mustRun('fsck.erofs', [`--extract=${join(work, 'old')}`, '--preserve', file]);
      expect((await describeDirectory(join(work, 'old'))).map(comparable).filter(isDense)).toEqual(
        wanted.filter(isDense),
      );
      await mustRunInSystemdRoot(work, ['fsck.erofs', `--extract=${join(work, 'new')}`, '--preserve', file]);
      expect((await describeDirectory(join(work, 'new'))).map(comparable)).toEqual(wanted);
    });

    it('shows sparse files of 2 and 5 GiB', async () => {
      const image = new TestImage();
      const root = directory();
      const cases: { name: string; size: number; stored: readonly number[] }[] = [
        { name: 'nothing', size: 2 * GIB, stored: [] },
        { name: 'end', size: 2 * GIB + 1, stored: [2 * GIB] },
        { name: 'nothing-odd', size: 5 * GIB + 12_345, stored: [] },
        {
          name: 'scattered',
          size: 5 * GIB,
          stored: [65_536 * 3 + 17, GIB, 4 * GIB - 1, 4 * GIB, 5 * GIB - 1],
        },
      ];
      for (const { name, size, stored } of cases) {
        const data = await image.store(size, sparsePieces(size, stored));
        root.children.set(name, { type: 'file', ...attributes(), data });
      }
      const { blocks } = await image.finish(root);
      expect(blocks).toBeLessThan(500);
      await save(image);
      await mustRun('fsck.erofs', [file]);
      await mustRunInSystemdRoot(work, ['fsck.erofs', file]);
      await withErofsMount(file, async (mountPoint) => {
        await mustRun('truncate', [`--size=${2 * GIB}`, join(work, 'nothing')]);
        await mustRun('cmp', [join(work, 'nothing'), join(mountPoint, 'nothing')]);
        // Reading all of the others takes the kernel half a minute: the ends and a mebibyte around what is stored will do.
        for (const { name, size, stored } of cases) {
          await using handle = await open(join(mountPoint, name));
          expect((await handle.stat()).size).toBe(size);
          for (const place of [0, ...stored, size]) {
            const from = Math.max(0, place - MIB);
            const wanted = new Uint8Array(Math.min(2 * MIB, size - from));
            for (const offset of stored)
              if (offset >= from) wanted.subarray(offset - from, offset - from + 1).fill(1);
            const { bytesRead, buffer } = await handle.read(new Uint8Array(2 * MIB), 0, 2 * MIB, from);
            expect(Buffer.compare(buffer.subarray(0, bytesRead), wanted)).toBe(0);
          }
        }
      });
    });

    it('shows 2,000 directories inside each other', async () => {
      const image = new TestImage();
      let root = directory([['bottom', await image.file('here')]]);
      for (let level = 0; level < 2000; level++) root = directory([['d', root]]);
      await image.finish(root);
      await save(image);
      // It recurses, on a stack that is too small even for an image of mkfs.erofs with this tree.
      await mustRunInSystemdRoot(work, ['sh', '-c', `ulimit -s unlimited; fsck.erofs ${file}`]);
      await withErofsMount(file, async (mountPoint) => {
        const arguments_ = [mountPoint, '-name', 'bottom', '-printf', '%d\n', '-execdir', 'cat', '{}', ';'];
        expect((await mustRun('find', arguments_)).stdout).toBe('2001\nhere');
      });
    });

    it('shows random trees as our own reader does', async () => {
      await fc.assert(
        fc.asyncProperty(trees, async (plan) => {
          const image = new TestImage();
          const root = await makeTree(image, showable(plan));
          await expectSame(image, root);
          expect(await describeImage(await image.open())).toEqual(describeTree(root, image.contents));
        }),
        { numRuns: 25 },
      );
    });
  },
);

/** Bytes that differ from block to block and with the seed, never 64 KiB of zeros. */
function pattern(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed + 1;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

/** `size` bytes of zeros but for ones at some offsets. */
function* sparsePieces(size: number, stored: readonly number[]): Generator<Uint8Array> {
  const zeros = new Uint8Array(1 << 20);
  for (let at = 0; at < size; at += zeros.length) {
    const length = Math.min(zeros.length, size - at);
    const ones = stored.filter((offset) => offset >= at && offset < at + length);
    const piece = ones.length === 0 ? zeros.subarray(0, length) : new Uint8Array(length);
    for (const offset of ones) piece[offset - at] = 1;
    yield piece;
  }
}

/** What fsck.erofs restores: neither attributes, nor hard links, nor nanoseconds. */
function comparable({
  path,
  type,
  mode,
  owner,
  mtime,
  content,
}: Description): Partial<Description> & Pick<Description, 'path'> {
  return { path, type, mode, owner, mtime: mtime.split('.')[0]!, content };
}

/** A plan without what the kernel stores but does not show: invalid lists, owners and times, attributes users may not have. */
function showable<
  T extends { readonly given: InodeAttributes; readonly children: ReadonlyMap<ByteString, NodePlan> },
>(plan: T): T {
  const children = [...plan.children].map(([name, child]): [ByteString, NodePlan] => {
    if (child.kind === 'directory') return [name, showable(child)];
    if (child.kind === 'file') return [name, { ...child, given: showableAttributes(child.given, true) }];
    if (child.kind === 'other')
      return [name, { ...child, node: { ...child.node, ...showableAttributes(child.node, false) } }];
    return [name, child];
  });
  return { ...plan, given: showableAttributes(plan.given, true), children: new Map(children) };
}

function showableAttributes(
  { mode, uid, gid, mtime, xattrs }: InodeAttributes,
  mayHaveUserXattrs: boolean,
): InodeAttributes {
  const shown = [...xattrs].filter(
    ([name]) => !/^system\.|\.capability$/.test(name) && (mayHaveUserXattrs || !name.startsWith('user.')),
  );
  const seconds = mtime.seconds % 2 ** 33;
  return {
    mode,
    uid: uid % 0xffff_ffff,
    gid: gid % 0xffff_ffff,
    mtime: { ...mtime, seconds },
    xattrs: new Map(shown),
  };
}
