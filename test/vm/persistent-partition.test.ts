import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BootReport } from '../../src/node/machine/boot-report.ts';
import { auroraboot } from '../support/auroraboot.ts';
import type { VirtualMachineRun } from '../support/guest-script.ts';
import { mustRun, succeeded } from '../support/run-command.ts';
import {
  bootNode,
  bootNodes,
  buildNode,
  makePersistent,
  type NodeImage,
  type PersistentFiles,
  STORE,
} from '../support/virtual-node.ts';

let directory: string;
let image: NodeImage;
let runs: Record<'unreadable active' | 'unreadable recovery' | 'full', VirtualMachineRun>;

const script = `
  for name in kept installed; do step "$name" sh -c "lab-$name"; done
  step target systemctl is-active multi-user.target
  step log cat /run/immucore/immucore.log
  step report cat /run/immucore/extensions.json
  step status kairos-agent status
  step free stat --file-system --format %a /var/lib/kairos
  step esp find /efi/EFI/kairos -name '*.sysext.raw'
  step store find /var/lib/kairos -name '*installed*'
`;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-persistent-');
  image = await buildNode();
  const kept = await build('kept');
  const files: PersistentFiles = {
    [`${STORE}/kept.sysext.raw`]: { host: kept },
    [`${STORE}/common/kept.sysext.raw`]: { link: '../kept.sysext.raw' },
  };
  const unreadable = async (entry: 'active' | 'recovery') => {
    const persistent = join(directory, `unreadable-${entry}`);
    await makePersistent(persistent, files);
    await damage(persistent);
    return bootNode({ image, entry, persistent, timeout: 300, script });
  };
  // What an installer left, and there is no space for.
  const esp = join(directory, 'esp');
  await mkdir(join(esp, 'EFI/kairos/active.efi.extra.d'), { recursive: true });
  const installed = await build('installed');
  await mustRun('cp', [installed, join(esp, 'EFI/kairos/active.efi.extra.d/installed.sysext.raw')]);
  runs = await bootNodes({
    full: async () => {
      const persistent = join(directory, 'full');
      await makePersistent(persistent, files, '64M');
      await fill(persistent);
      return bootNode({ image, entry: 'active', trusted: {}, persistent, esp, timeout: 400, script });
    },
    'unreadable active': () => unreadable('active'),
    'unreadable recovery': () => unreadable('recovery'),
  });
}, 900_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Builds an image, signed by db, with a program that prints the image's name. */
async function build(name: string): Promise<string> {
  const tree = join(directory, `${name}.tree`);
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await writeFile(join(tree, `usr/bin/lab-${name}`), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
  const { key, certificate } = image.keys.db;
  const keys = ['--private-key', key, '--certificate', certificate];
  const where = ['--output', directory, name, `dir:${tree}`];
  return succeeded(await auroraboot(['sysext', '--quiet', ...keys, ...where])).stdout.trim();
}

/** Destroys what ext4 has behind its superblock: the label is still found, and mounting fails. */
async function damage(fileSystem: string): Promise<void> {
  await using file = await open(fileSystem, 'r+');
  await file.write(Buffer.alloc(4096, 0xff), 0, 4096, 4096);
}

/** Fills a file system to the last block. */
async function fill(fileSystem: string): Promise<void> {
  const isolated = ['--mount', '--propagation', 'private', 'sh', '-euc'];
  const commands = 'mount -o loop "$1" /mnt; cat /dev/zero >/mnt/filler 2>/dev/null || true; umount /mnt';
  await mustRun('unshare', [...isolated, commands, 'sh', fileSystem]);
}

const reportOf = (name: keyof typeof runs): BootReport =>
  JSON.parse(runs[name].step('report').stdout) as BootReport;

describe.each(['active', 'recovery'] as const)(
  'a persistent partition that cannot be mounted: %s',
  (entry) => {
    const run = (): VirtualMachineRun => runs[`unreadable ${entry}`];
    it('does not hold up the boot, which loads nothing', () => {
      expect(run().step('target')).toMatchObject({ stdout: 'active\n' });
      expect(run().step('kept')).toMatchObject({ status: 127 });
      succeeded(run().step('status'));
    });
  },
);

it('in recovery the log, the console and status tell that it cannot be mounted', () => {
  const run = runs['unreadable recovery'];
  const words = /the persistent partition: mount .* failed/;
  expect(run.step('log').stdout).toMatch(words);
  expect(run.console).toMatch(words);
  expect(run.step('status').stdout).toMatch(words);
  expect(reportOf('unreadable recovery').problems.join()).toMatch(words);
});

it('in the active system, where others mount it, the log tells that there is no store', () => {
  expect(runs['unreadable active'].step('log').stdout).toMatch(
    /INF there is no \/var\/lib\/kairos\/extensions: no sysext is enabled/,
  );
});

describe('a full persistent partition', () => {
  it('does not hold up the boot, and what it has is loaded', () => {
    expect(runs.full.step('free').stdout).toBe('0\n');
    expect(runs.full.step('target')).toMatchObject({ stdout: 'active\n' });
    expect(runs.full.step('kept')).toMatchObject({ status: 0, stdout: 'kept\n' });
  });
  it('leaves what it has no space for where it is, whole, and nothing of it in the store', () => {
    expect(runs.full.step('installed')).toMatchObject({ status: 127 });
    expect(runs.full.step('esp').stdout).toMatch(/active\.efi\.extra\.d\/installed\.sysext\.raw\n$/);
    expect(runs.full.step('store').stdout).toBe('');
    expect(reportOf('full').migrated).toMatchObject([{ outcome: 'left' }]);
    expect(runs.full.step('log').stdout).toMatch(/installed\.sysext\.raw stays on the EFI system partition/);
  });
});
