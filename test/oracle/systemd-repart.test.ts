import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flipByte } from '../support/flip-byte.ts';
import { systemdRepart } from '../support/image-builder.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';
import { repartImage } from '../support/repart.ts';
import { erofsManifest } from '../support/tree-manifest.ts';
import { plantTree, SOURCE_DATE_EPOCH, small } from '../support/trees.ts';
import { fsckErofs, opensslVerify, takeApart, veritysetupVerify } from './checks.ts';
import { differingRegions } from './compare-images.ts';
import { describeImageBuilder } from './conformance.ts';

describeImageBuilder('systemd-repart', systemdRepart);

describe('the checks themselves', () => {
  let directory: string;
  let image: string;
  let signer: KeyPair;

  beforeAll(async () => {
    directory = await mkdtemp('/var/tmp/kairos-sysext-oracle-');
    const tree = join(directory, 'tree');
    await plantTree(small, tree, 'x86-64');
    signer = await makeKeyPair(directory, 'signer', 'rsa-2048');
    image = join(directory, 'small.sysext.raw');
    const seed = '6f1b0bcb-4a43-5b52-8d1a-111111111111';
    const fixed = { kind: 'sysext', seed, sourceDateEpoch: SOURCE_DATE_EPOCH } as const;
    await repartImage({ directory, output: image, tree, signer, ...fixed });
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** A copy of the image with one byte inverted. */
  async function damaged(name: string, offset: number): Promise<string> {
    const copy = join(directory, `${name}.raw`);
    await copyFile(image, copy);
    await flipByte(copy, offset);
    return copy;
  }

  const partitions = async () => extensionPartitions(await readPartitionTable(image));

  it('see a flipped byte of a file', async () => {
    const { data } = await partitions();
    const copy = await damaged('data', data.offset + 4096 + 100);
    expect(await veritysetupVerify(await takeApart(copy, directory))).toMatchObject({ status: 2 });
    expect(await differingRegions(copy, image)).toStrictEqual([
      expect.stringMatching(/^data partition: byte 4196 /),
    ]);
  });

  it('see a flipped byte of the hash tree', async () => {
    const { hash } = await partitions();
    const copy = await damaged('hash', hash.offset + 4096);
    expect(await veritysetupVerify(await takeApart(copy, directory))).toMatchObject({ status: 2 });
    expect(await differingRegions(copy, image)).toStrictEqual([
      expect.stringMatching(/^hash partition: byte 4096 /),
    ]);
  });

  it('see one file with other content', async () => {
    const { data } = await partitions();
    const whole = await erofsManifest(image, data, ['usr']);
    const flipped = await erofsManifest(await damaged('content', data.offset + 4096), data, ['usr']);
    const different = flipped.filter((line) => !whole.includes(line));
    expect(different).toStrictEqual([expect.stringMatching(/^content .*usr\/share\/small\/numbers$/)]);
  });

  it('see a file system that is none', async () => {
    const { data } = await partitions();
    const copy = await damaged('magic', data.offset + 1024);
    expect(await fsckErofs(await takeApart(copy, directory))).toMatchObject({ status: 1 });
  });

  it('see a root hash that was not signed', async () => {
    const parts = await takeApart(image, directory);
    const other = {
      ...parts,
      rootHash: parts.rootHash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
    };
    expect(await opensslVerify(parts, signer.certificate, 'cms')).toMatchObject({ status: 0 });
    expect(await opensslVerify(other, signer.certificate, 'cms')).toMatchObject({ status: 4 });
  });
});
