import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeMounts } from '../../src/image/dissect/mounts.ts';
import { type Dissection, dissectImage } from '../../src/image/dissection.ts';
import { partitionType } from '../../src/image/gpt/partition-types.ts';
import { guidBytes } from '../../src/image/guid.ts';
import { FileByteSource } from '../../src/platform/file-byte-source.ts';
import { verityHasher } from '../../src/platform/verity-hashers.ts';
import { changeEntries } from '../image/gpt/table-bytes.ts';
import { extract } from '../support/extract.ts';
import {
  fromDirectory,
  type ImageBuilder,
  type ImageRequest,
  systemdRepart,
} from '../support/image-builder.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { mustRun } from '../support/run-command.ts';
import { mustRunInSystemdRoot } from '../support/systemd-root.ts';
import { plantTree, SOURCE_DATE_EPOCH, small } from '../support/trees.ts';

let directory: string;
let tree: string;
let signer: KeyPair;
let images = 0;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-dissection-');
  tree = join(directory, 'tree');
  await plantTree(small, tree, 'x86-64');
  signer = await makeKeyPair(directory, 'signer', 'rsa-2048');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function build(
  builder: ImageBuilder,
  change: Partial<Pick<ImageRequest, 'signer' | 'architecture'>> = {},
): Promise<string> {
  const outputDirectory = join(directory, `output-${images++}`);
  await mkdir(outputDirectory);
  const { name, kind } = small;
  const seed = '6f1b0bcb-4a43-5b52-8d1a-111111111111';
  const fixed = { architecture: 'x86-64', signer, sourceDateEpoch: SOURCE_DATE_EPOCH } as const;
  return builder({ directory, name, kind, tree, seed, outputDirectory, ...fixed, ...change });
}

async function dissectHere(image: string): Promise<Dissection> {
  await using handle = await open(image);
  return await dissectImage(await FileByteSource.of(handle), {
    hasherFor: verityHasher,
    architecture: 'x86-64',
    secondaryArchitecture: 'x86',
    compareVersions: (one, other) => Number(one.slice(2)) - Number(other.slice(2)),
  });
}

/** The fields that both have, as systemd-dissect names them. */
interface Described {
  readonly sectorSize: number;
  readonly imageUuid?: string | null;
  readonly mounts: readonly Readonly<Record<string, unknown>>[];
}

function asSystemd(dissection: Dissection): Described {
  return {
    sectorSize: dissection.sectorSize,
    imageUuid: dissection.imageUuid ?? null,
    mounts: describeMounts(dissection).map(({ designator, partition, writable, growFileSystem, verity }) => ({
      rw: writable ? 'rw' : 'ro',
      designator,
      partition_uuid: partition.guid ?? null,
      partition_label: partition.label === '' ? null : partition.label,
      fstype: partition.fileSystemType ?? null,
      architecture: partition.architecture ?? null,
      // Without a signature systemd 257 does not know the root hash, and so will not use the tree.
      verity: verity === 'yes' ? 'no' : (verity ?? null),
      growfs: growFileSystem,
      partno: partition.number ?? null,
    })),
  };
}

/** What systemd-dissect says of an image, of an extension and of anything else. */
async function dissectWithSystemd(image: string): Promise<Described> {
  const { stdout } = await mustRunInSystemdRoot(directory, ['systemd-dissect', '--json=short', image]);
  const { sectorSize, imageUuid = null, mounts } = JSON.parse(stdout) as Described;
  return { sectorSize, imageUuid, mounts: mounts.map(({ node: _, ...mount }) => mount) };
}

async function expectSame(image: string): Promise<Described> {
  const described = asSystemd(await dissectHere(image));
  expect(described).toEqual(await dissectWithSystemd(image));
  return described;
}

describe.each<[string, ImageBuilder]>([
  ['systemd-repart', systemdRepart],
  ['auroraboot', fromDirectory],
])('an image of %s is what systemd-dissect says it is', (_, builder) => {
  it.each([
    ['signed', {}],
    ['unsigned', { signer: undefined }],
    ['for another architecture', { architecture: 'arm64' }],
  ] as const)('%s', async (_, change) => {
    const image = await build(builder, change);
    await expectSame(image);
    expect((await dissectHere(image)).findings).toEqual([]);
  });
});

describe('a bare file system is what systemd-dissect says it is', () => {
  it('erofs', async () => {
    const { offset, size } = (await dissectHere(await build(systemdRepart))).dataPartition!;
    const bare = join(directory, 'bare.raw');
    await extract(await build(systemdRepart), { offset, size }, bare);
    await expectSame(bare);
  });

  it('ext4', async () => {
    const bare = join(directory, 'ext4.raw');
    await mustRun('mkfs.ext4', ['-q', '-d', tree, bare, '4M']);
    await expectSame(bare);
  });
});

it('a block device is what the file in it is', async () => {
  const image = await build(systemdRepart);
  const { stdout } = await mustRun('losetup', ['--find', '--show', '--read-only', image]);
  try {
    const { size, rootHash, findings } = await dissectHere(stdout.trim());
    const inFile = await dissectHere(image);
    expect({ size, rootHash, findings }).toEqual({
      size: inFile.size,
      rootHash: inFile.rootHash,
      findings: [],
    });
  } finally {
    await mustRun('losetup', ['--detach', stdout.trim()]);
  }
});

it('a file system in front of a partition table hides it from libblkid, and is refused here', async () => {
  const image = await build(systemdRepart);
  await using file = await open(image, 'r+');
  const superblock = Buffer.alloc(96);
  superblock.write('hsqs');
  superblock.writeUInt16LE(4, 28);
  await file.write(superblock, 0, superblock.length, 0);
  const probe = ['blkid', '-p', '-o', 'value', '-s', 'TYPE', image] as const;
  expect((await mustRunInSystemdRoot(directory, probe)).stdout.trim()).toBe('squashfs');
  expect((await dissectHere(image)).findings).toMatchObject([{ code: 'image-ambiguous', level: 'error' }]);
});

describe('among several partitions for the same purpose chooses as systemd-dissect', () => {
  const TYPES = {
    x86: partitionType('x86', 'root'),
    'x86-64': partitionType('x86-64', 'root'),
    arm64: partitionType('arm64', 'root'),
  };

  /** An image with its file system twice: as the first and, in place of the hash tree, as the second partition. */
  async function withSecond(
    types: readonly [keyof typeof TYPES, keyof typeof TYPES],
    {
      attributes = 1n << 60n,
      labels = ['v_1', 'v_1'],
    }: { attributes?: bigint; labels?: readonly string[] } = {},
  ): Promise<string> {
    const image = await build(systemdRepart);
    const { dataPartition, hashPartition, data } = await dissectHere(image);
    await using file = await open(image, 'r+');
    const bytes = await file.readFile();
    bytes.copyWithin(hashPartition!.offset, dataPartition!.offset, dataPartition!.offset + data!.size);
    expect(data!.size).toBeLessThanOrEqual(hashPartition!.size);
    changeEntries(bytes, (entries) => {
      types.forEach((type, index) => {
        const entry = entries.subarray(128 * index, 128 * (index + 1));
        entry.set(guidBytes(TYPES[type]), 0);
        entry.fill(0, 56).write(labels[index]!, 56, 'utf16le');
      });
      entries.writeBigUInt64LE(attributes, 48);
      entries.set(guidBytes('0657fd6d-a4ab-43c4-84e5-0933c84b4f4f'), 256);
    });
    await file.write(bytes, 0, bytes.length, 0);
    return image;
  }

  const rootOf = ({ mounts }: Described) => mounts.find(({ designator }) => designator === 'root')!.partno;

  it.each([
    [['x86-64', 'arm64'], 1],
    [['arm64', 'x86-64'], 2],
    [['x86', 'x86-64'], 2],
    [['x86', 'arm64'], 1],
    [['arm64', 'x86'], 2],
    [['x86-64', 'x86-64'], 1],
  ] as const)('%j', async (types, number) => {
    expect(rootOf(await expectSame(await withSecond(types)))).toBe(number);
  });

  it.each([
    [['v_10', 'v_9'], 1],
    [['v_9', 'v_10'], 2],
  ] as const)('%j', async (labels, number) => {
    expect(rootOf(await expectSame(await withSecond(['arm64', 'arm64'], { labels })))).toBe(number);
  });

  it('and takes none that is not to be used', async () => {
    const image = await withSecond(['x86-64', 'arm64'], { attributes: 1n << 63n });
    expect(rootOf(await expectSame(image))).toBe(2);
  });
});
