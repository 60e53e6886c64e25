import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flipByte } from '../support/flip-byte.ts';
import { fromArchive, type ImageBuilder, systemdRepart } from '../support/image-builder.ts';
import { makeKeyPair } from '../support/key-pair.ts';
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

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-kernel-');
  const db = await makeKeyPair(directory, 'db', 'rsa-2048');
  const files = await Promise.all(Object.entries(builders).map(([name, build]) => images(name, build)));

  async function images(builder: string, build: ImageBuilder) {
    const own = join(directory, builder);
    await mkdir(own);
    await plantTree(tree, join(own, 'tree'), 'x86-64');
    const stranger = await makeKeyPair(own, 'stranger', 'rsa-2048');
    const paths: Record<string, string> = {};
    for (const [name, signer] of Object.entries({ good: db, stranger, unsigned: undefined })) {
      const outputDirectory = join(own, name);
      await mkdir(outputDirectory);
      paths[name] = await build({
        directory,
        outputDirectory,
        signer,
        name: tree.name,
        kind: tree.kind,
        tree: join(own, 'tree'),
        seed: '6f1b0bcb-4a43-5b52-8d1a-111111111111',
        sourceDateEpoch: SOURCE_DATE_EPOCH,
        architecture: 'x86-64',
      });
    }
    const good = paths.good ?? '';
    const { data } = extensionPartitions(await readPartitionTable(good));
    // EROFS leaves its first 1024 bytes to others: no file system code ever looks at this byte, only dm-verity does.
    const flips = { 'early byte': data.offset, 'middle byte': data.offset + 8 * 1024 * 1024 };
    for (const [name, offset] of Object.entries(flips)) {
      const copy = join(own, name);
      await copyFile(good, copy);
      await flipByte(copy, offset);
      paths[name] = copy;
    }
    return Object.entries(paths).map(([name, host]) => ({
      guest: `/images/${builder}/${name}/${tree.name}.sysext.raw`,
      host,
    }));
  }

  run = await bootVirtualMachine({
    firmwareKeys: { pk: db.certificate, kek: db.certificate, db: [db.certificate] },
    files: files.flat(),
    timeout: 300,
    // systemd names a dm-verity device by root hash and takes one that exists as it is, signature unseen. These images share
    // their root hash, and removal of a device is deferred while udev has it open: so each waits until there is none.
    script: `
      no_device() {
        for attempt in $(seq 1 100); do
          [ "$(dmsetup table)" = 'No devices found' ] && return
          sleep 0.2
        done
        return 1
      }
      step keyrings cat /proc/keys
      for image in /images/*/*; do
        name=\${image#/images/}
        step "$name: alone" no_device
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

it.each(Object.keys(builders))(
  'shows the kernel every image by %s with no device left of another',
  (builder) => {
    for (const image of ['good', 'stranger', 'unsigned', 'early byte', 'middle byte']) {
      expect(run.step(`${builder}/${image}: alone`)).toMatchObject({ status: 0 });
    }
  },
);

describe.each(Object.keys(builders))('the kernel, on images by %s', (builder) => {
  const step = (image: string, action: string) => run.step(`${builder}/${image}: ${action}`);

  it('accepts the signature of the key in db, and the program runs', () => {
    expect(step('good', 'merge')).toMatchObject({ status: 0, stderr: expect.stringContaining('Merged') });
    expect(step('good', 'run')).toMatchObject({ status: 0, stdout: 'program runs\n' });
    expect(step('good', 'read')).toMatchObject({ status: 0, stderr: '' });
    expect(step('good', 'table').stdout).toMatch(
      /^[0-9a-f]{64}-verity: 0 \d+ verity 1 .* root_hash_sig_key_desc cryptsetup:\S+\n$/,
    );
    expect(step('good', 'unmerge')).toMatchObject({ status: 0 });
  });

  it('refuses the signature of a stranger', () => {
    expect(step('stranger', 'merge')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Required key not available'),
    });
    expect(step('stranger', 'run')).toMatchObject({ status: 127 });
    expect(step('stranger', 'table').stdout).toBe('No devices found\n');
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
