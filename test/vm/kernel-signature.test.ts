import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flipByte } from '../support/flip-byte.ts';
import { fromArchive, type ImageBuilder, systemdRepart } from '../support/image-builder.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';
import { plantTree, SOURCE_DATE_EPOCH, type TreeCase } from '../support/trees.ts';
import { bootVirtualMachine, type VirtualMachineRun } from '../support/virtual-machine.ts';

/** Whose images the kernel is shown. All of them share one boot. */
const builders: Readonly<Record<string, ImageBuilder>> = {
  'systemd-repart': systemdRepart,
  auroraboot: fromArchive,
};

/** A program, and a file so large that nobody reads its middle unasked. */
const tree: TreeCase = {
  name: 'program',
  kind: 'sysext',
  fill: `
    mkdir bin share
    printf '#!/bin/sh\\necho program runs\\n' >bin/lab-program
    chmod 755 bin/lab-program
    head -c 16M /dev/urandom >share/lab-large
  `,
};

let directory: string;
let run: VirtualMachineRun;
/** By builder and case, such as `auroraboot/good`. */
const rootHashes = new Map<string, string>();

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-kernel-');
  const db = await makeKeyPair(directory, 'db', 'rsa-2048');
  const files = await Promise.all(Object.entries(builders).map(([name, build]) => images(name, build)));

  async function images(builder: string, build: ImageBuilder) {
    const own = join(directory, builder);
    await mkdir(own);
    await plantTree(tree, join(own, 'tree'), 'x86-64');
    const stranger = await makeKeyPair(own, 'stranger', 'rsa-2048');
    // EROFS leaves its first 1024 bytes to others: no file system code ever looks at this byte, only dm-verity does.
    const cases: Readonly<Record<string, { signer: KeyPair | undefined; flipAt?: number }>> = {
      good: { signer: db },
      stranger: { signer: stranger },
      unsigned: { signer: undefined },
      'early byte': { signer: db, flipAt: 0 },
      'middle byte': { signer: db, flipAt: 8 * 1024 * 1024 },
    };
    return Promise.all(
      Object.entries(cases).map(async ([name, { signer, flipAt }], index) => {
        const outputDirectory = join(own, name);
        await mkdir(outputDirectory);
        const host = await build({
          directory,
          outputDirectory,
          signer,
          name: tree.name,
          kind: tree.kind,
          tree: join(own, 'tree'),
          // systemd names a dm-verity device by root hash and takes one that exists as it is, signature unseen, and removal
          // of a device can be deferred for long. With a seed, and so a salt, of its own no image gets another's device.
          seed: `6f1b0bcb-4a43-5b52-8d1a-11111111111${index}`,
          sourceDateEpoch: SOURCE_DATE_EPOCH,
          architecture: 'x86-64',
        });
        const { data, rootHash } = extensionPartitions(await readPartitionTable(host));
        if (flipAt !== undefined) await flipByte(host, data.offset + flipAt);
        rootHashes.set(`${builder}/${name}`, rootHash);
        return { guest: `/images/${builder}/${name}/${tree.name}.sysext.raw`, host };
      }),
    );
  }

  run = await bootVirtualMachine({
    firmwareKeys: { pk: db.certificate, kek: db.certificate, db: [db.certificate] },
    files: files.flat(),
    timeout: 300,
    script: `
      step keyrings cat /proc/keys
      for image in /images/*/*; do
        name=\${image#/images/}
        mkdir /run/extensions
        ln -s "$image/${tree.name}.sysext.raw" /run/extensions/
        step "$name: merge" systemd-sysext merge --image-policy=root=signed+absent:usr=signed+absent
        step "$name: run" sh -c lab-program
        step "$name: read" sha256sum /usr/share/lab-large
        step "$name: table" dmsetup table
        step "$name: unmerge" systemd-sysext unmerge
        rm -r /run/extensions
      done
    `,
  });
});
afterAll(() => rm(directory, { recursive: true, force: true }));
it('has a kernel that knows the key enrolled as db, in the platform keyring', () => {
  const keys = run.step('keyrings').stdout;
  expect(keys).toMatch(/ asymmetri db: [0-9a-f]{40}: X509\.rsa /);
  expect(keys).toMatch(/ keyring +\.platform: 1$/m);
});

describe.each(Object.keys(builders))('the kernel, on images by %s', (builder) => {
  const step = (image: string, action: string) => run.step(`${builder}/${image}: ${action}`);
  /** The line of the dm-verity device of an image, which its root hash names. */
  const device = (image: string) =>
    step(image, 'table')
      .stdout.split('\n')
      .find((line) => line.startsWith(`${rootHashes.get(`${builder}/${image}`)}-verity:`));

  it('accepts the signature of the key in db, and the program runs', () => {
    expect(step('good', 'merge')).toMatchObject({ status: 0, stderr: expect.stringContaining('Merged') });
    expect(step('good', 'run')).toMatchObject({ status: 0, stdout: 'program runs\n' });
    expect(step('good', 'read')).toMatchObject({ status: 0, stderr: '' });
    expect(device('good')).toMatch(/: 0 \d+ verity 1 .* root_hash_sig_key_desc cryptsetup:\S+$/);
    expect(step('good', 'unmerge')).toMatchObject({ status: 0 });
  });

  it('refuses the signature of a stranger', () => {
    expect(step('stranger', 'merge')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Required key not available'),
    });
    expect(step('stranger', 'run')).toMatchObject({ status: 127 });
    expect(device('stranger')).toBeUndefined();
  });

  it('is not shown an image without signature, which the policy refuses', () => {
    expect(step('unsigned', 'merge')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Image does not match image policy'),
    });
    expect(step('unsigned', 'run')).toMatchObject({ status: 127 });
  });

  it('refuses an image when a byte is flipped in a block that mounting reads', () => {
    expect(step('early byte', 'merge')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Verity device detected corruption after activation'),
    });
    expect(step('early byte', 'run')).toMatchObject({ status: 127 });
    expect(run.console).toMatch(/device-mapper: verity: \S+ data block 0 is corrupted/);
  });

  it('refuses to read a block with a flipped byte that mounting does not read', () => {
    expect(step('middle byte', 'merge')).toMatchObject({ status: 0 });
    expect(step('middle byte', 'run')).toMatchObject({ status: 0, stdout: 'program runs\n' });
    expect(step('middle byte', 'read')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Input/output error'),
    });
    expect(run.console).toMatch(/device-mapper: verity: \S+ data block 2048 is corrupted/);
  });
});
