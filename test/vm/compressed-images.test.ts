import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import type { VirtualMachineRun } from '../support/guest-script.ts';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';
import { mustRun, succeeded } from '../support/run-command.ts';
import { bootNode, bootNodes, buildNode, makePersistent, STORE } from '../support/virtual-node.ts';

/** The flags of an image. */
type Packing = readonly string[];

const as = (method: string, clusterSize: string): Packing => [
  ...['--compression', method],
  ...['--cluster-size', clusterSize],
];
/** What every kernel since 5.17 reads, and what came later. */
const FOR_ALL: readonly Packing[] = [
  ['--compression', 'none'],
  as('lz4', '4K'),
  as('lz4', '64K'),
  as('lz4hc', '16K'),
  as('lz4hc:12', '64K'),
  ['--kernel', '5.4'],
  ['--kernel', '6.1'],
];
const FOR_NEW: readonly Packing[] = [
  as('deflate', '4K'),
  as('deflate:9', '64K'),
  as('zstd', '4K'),
  as('zstd', '16K'),
  as('zstd:19', '64K'),
  ['--kernel', '6.12'],
];
const KERNELS = {
  bookworm: { version: /^6\.1\./, packings: FOR_ALL },
  trixie: { version: /^6\.12\./, packings: [...FOR_ALL, ...FOR_NEW] },
} as const;
type Suite = keyof typeof KERNELS;

/** One digest of all content below a directory, as sh computes it here and there. */
const DIGEST = 'find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum';
/** Where the persistent partition is mounted on the node. */
const IMAGES = '/usr/local/images';

const nameOf = (packing: Packing): string =>
  packing
    .join('-')
    .replaceAll(/[^a-z0-9]+/gi, '-')
    .slice(1);

let directory: string;
let expected: string;
let runs: Record<Suite, VirtualMachineRun>;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-compressed-');
  const content = await makeTree(join(directory, 'tree'));
  expected = (await mustRun('sh', ['-c', DIGEST], { cwd: content })).stdout;
  const build = async (name: string, packing: Packing): Promise<string> => {
    const how = [...packing, '--output', directory];
    const built = await auroraboot(['sysext', '--quiet', ...how, name, `dir:${join(directory, 'tree')}`]);
    return succeeded(built).stdout.trim();
  };
  const packed = await build('packed', ['--compression', 'zstd']);
  const images = new Map<string, { path: string; offset: number; size: number }>();
  for (const packing of [...FOR_ALL, ...FOR_NEW]) {
    const name = nameOf(packing);
    const path = await build(name, packing);
    const { data } = extensionPartitions(await readPartitionTable(path));
    images.set(name, { path, offset: data.offset, size: data.size });
  }

  const boot = async (suite: Suite): Promise<VirtualMachineRun> => {
    const { packings } = KERNELS[suite];
    const persistent = join(directory, `${suite}.persistent`);
    await makePersistent(persistent, {
      ...Object.fromEntries([...images].map(([name, { path }]) => [`images/${name}`, { host: path }])),
      [`${STORE}/packed.sysext.raw`]: { host: packed },
    });
    const mounts = packings.map((packing) => {
      const name = nameOf(packing);
      const { offset, size } = images.get(name)!;
      const options = `ro,loop,offset=${offset},sizelimit=${size}`;
      return `step ${name} sh -c 'mount -t erofs -o ${options} ${IMAGES}/${name} /mnt && cd /mnt/usr/share/lab && ${DIGEST}; s=$?; cd /; umount /mnt; exit $s'`;
    });
    const script = `
      step kernel uname -r
      ${mounts.join('\n')}
      step enable kairos-agent sysext enable --active packed
    `;
    return bootNode({ image: await buildNode(suite), entry: 'active', persistent, timeout: 400, script });
  };
  runs = await bootNodes({ bookworm: () => boot('bookworm'), trixie: () => boot('trixie') });
}, 900_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Content of every kind, with sizes on both sides of every boundary. Returns where it is. */
async function makeTree(tree: string): Promise<string> {
  const content = join(tree, 'usr/share/lab');
  await mkdir(join(content, 'small'), { recursive: true });
  const program = await readFile(process.execPath);
  await writeFile(join(content, 'program'), program.subarray(20_000_000, 24_000_123));
  await writeFile(join(content, 'noise'), randomBytes(300_001));
  await writeFile(join(content, 'text'), program.subarray(0, 700_000).toString('hex'));
  await writeFile(join(content, 'zeros'), Buffer.alloc(1_000_000));
  await writeFile(join(content, 'mixed'), Buffer.concat([randomBytes(70_000), Buffer.alloc(70_000, 'abc')]));
  for (let size = 0; size < 140_000; size = Math.ceil(size * 1.13) + 7) {
    const start = 30_000_000 + 11 * size;
    await writeFile(join(content, 'small', `${size}`), program.subarray(start, start + size));
  }
  return content;
}

describe.each(Object.keys(KERNELS) as Suite[])('the kernel of %s', (suite) => {
  it('is the one that is meant', () => {
    expect(runs[suite].step('kernel').stdout).toMatch(KERNELS[suite].version);
  });

  it.each(KERNELS[suite].packings.map(nameOf))('reads back every byte: %s', (name) => {
    expect(runs[suite].step(name)).toMatchObject({ status: 0, stdout: expected });
  });
});

it('is a kernel that reads zstd: the agent enables the image', () => {
  succeeded(runs.trixie.step('enable'));
});
it('is a kernel that does not: the agent refuses the image and says which kernel it needs', () => {
  const refused = runs.bookworm.step('enable');
  expect(refused.status).toBe(3);
  expect(refused.stderr).toMatch(/6\.10/);
});
