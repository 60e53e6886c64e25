import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CompressionSettings } from '../../src/image/erofs/compression-settings.ts';
import type { DirectoryNode, ErofsNode } from '../../src/image/erofs/tree.ts';
import { directory, TestImage } from '../image/erofs/build-image.ts';
import { contentOf } from '../image/erofs/compressed-contents.ts';
import { describeTree } from '../image/erofs/describe.ts';
import { describeDirectory, whyNoErofsMount, withErofsMount } from '../support/erofs-mount.ts';
import { mustRunInSystemdRoot } from '../support/systemd-root.ts';

const obstacle = await whyNoErofsMount();
const KIB = 1024;

/** Files of all that compression meets, by name. */
function contents(): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const size of [0, 1, 2000, 4095, 4096, 4097, 8191, 8192, 12_345, 65_535, 65_536, 65_537]) {
    files.set(`text-${size}`, contentOf('text', size, size));
    files.set(`noise-${size}`, contentOf('noise', size, size));
  }
  const program = contentOf('program', 0, 5 << 20);
  const noise = contentOf('noise', 0, 300 * KIB);
  const text = contentOf('text', 0, 1500 * KIB);
  files.set('program', program.subarray(0, (4 << 20) - 1));
  files.set('program-again', program.subarray(0, (4 << 20) - 1));
  files.set('text', text);
  files.set('zeros', contentOf('zeros', 0, 5 << 20));
  files.set('mixed', Buffer.concat([text.subarray(0, 70_001), noise, text, noise, program]));
  files.set('zeros-and-text', Buffer.concat([Buffer.alloc(3 << 20), text, Buffer.alloc(777_777)]));
  for (let index = 0; index < 300; index++)
    files.set(`small-${index}`, contentOf('program', index * 5000, 300 + ((index * 7919) % 20_000)));
  return files;
}

const methods = {
  lz4: { level: 1, name: 'lz4' },
  lz4hc: { level: 9, name: 'lz4hc' },
  deflate: { level: 1, name: 'deflate,level=1' },
  zstd: { level: 3, name: 'zstd,level=3' },
} as const;

describe.skipIf(obstacle !== undefined)(`compressed images${obstacle ? ` (${obstacle})` : ''}`, () => {
  let work: string;
  const files = contents();

  beforeAll(async () => {
    work = await mkdtemp('/var/tmp/kairos-sysext-compressed-');
    await mkdir(join(work, 'tree'));
    for (const [name, content] of files) await writeFile(join(work, 'tree', name), content);
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  /** @param without A file that is left out. */
  async function build(
    settings: CompressionSettings,
    without?: string,
  ): Promise<{ image: TestImage; root: DirectoryNode }> {
    const image = new TestImage(settings);
    const children: [string, ErofsNode][] = [];
    for (const [name, content] of files) {
      if (name !== without) children.push([name, await image.file(content)]);
    }
    const root = directory(children);
    await image.finish(root);
    await writeFile(join(work, 'image.erofs'), image.sink.bytes());
    return { image, root };
  }

  const cases = (Object.keys(methods) as (keyof typeof methods)[]).flatMap((method) =>
    [4096, 16_384, 65_536].flatMap((clusterSize) =>
      [false, true].map((tailPacking) => ({ method, clusterSize, tailPacking })),
    ),
  );

  it.each(cases)('$method, clusters of $clusterSize, tails: $tailPacking', async (given) => {
    const { image, root } = await build({ ...given, level: methods[given.method].level });
    // The kernel, with every byte read.
    expect(await withErofsMount(join(work, 'image.erofs'), describeDirectory)).toEqual(
      describeTree(root, image.contents),
    );
    // erofs-utils 1.8.
    const extract = 'fsck.erofs --extract=/tmp/extracted image.erofs && diff -r tree /tmp/extracted';
    await mustRunInSystemdRoot(work, ['sh', '-c', extract]);
    const { stdout } = await mustRunInSystemdRoot(work, ['dump.erofs', '-s', 'image.erofs']);
    if (given.tailPacking) expect(stdout).toContain('ztailpacking');
    if (given.clusterSize > 4096) expect(stdout).toContain('big_pcluster');
  });

  it.each(cases)(
    '$method, clusters of $clusterSize, tails: $tailPacking, are no larger than those of mkfs.erofs',
    async ({ method, clusterSize, tailPacking }) => {
      const { level, name } = methods[method];
      // It stores equal files twice.
      await build({ method, level, clusterSize, tailPacking }, 'program-again');
      const ours = (await stat(join(work, 'image.erofs'))).size;
      const sizes = [`-z${name}`, `-C${clusterSize}`, '--exclude-path=program-again'];
      const options = [...sizes, ...(tailPacking ? ['-Eztailpacking'] : [])];
      await rm(join(work, 'theirs.erofs'), { force: true });
      await mustRunInSystemdRoot(work, [
        ...(['mkfs.erofs', '--quiet', '-T0', '--all-root', ...options, 'theirs.erofs', 'tree'] as const),
      ]);
      const theirs = (await readFile(join(work, 'theirs.erofs'))).length;
      expect(ours / theirs).toBeLessThan(1.02);
    },
  );
});
