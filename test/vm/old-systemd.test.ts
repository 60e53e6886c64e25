import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { flipByte } from '../support/flip-byte.ts';
import type { VirtualMachineRun } from '../support/guest-script.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';
import { succeeded } from '../support/run-command.ts';
import { bootNode, buildNode, makePersistent, STORE } from '../support/virtual-node.ts';

/** Images, and what is right about them: systemd 252 itself would merge them all. */
const NAMES = ['signed', 'stranger', 'unsigned', 'flipped'] as const;

let directory: string;
let run: VirtualMachineRun;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-old-');
  const image = await buildNode('bookworm');
  const vendor = await makeKeyPair(directory, 'vendor', 'rsa-2048');
  const images: Record<string, string> = {
    signed: await build('signed', vendor),
    stranger: await build('stranger', await makeKeyPair(directory, 'stranger', 'rsa-2048')),
    unsigned: await build('unsigned', undefined),
    flipped: await build('flipped', vendor),
    later: await build('later', vendor),
  };
  const { data } = extensionPartitions(await readPartitionTable(images.flipped!));
  await flipByte(images.flipped!, data.offset + 40_000);

  const certificate = await readFile(vendor.certificate, 'utf8');
  const configuration = `#cloud-config
sysext:
  require_signatures: true
  certificates:
    - |
${certificate.replace(/^(?=.)/gm, '      ')}`;
  const persistent = join(directory, 'persistent');
  await makePersistent(persistent, {
    'cloud-config/sysext.yaml': { text: configuration },
    ...Object.fromEntries(
      Object.entries(images).map(([name, host]) => [`${STORE}/${name}.sysext.raw`, { host }]),
    ),
    ...Object.fromEntries(
      NAMES.map((name) => [`${STORE}/active/${name}.sysext.raw`, { link: `../${name}.sysext.raw` }]),
    ),
  });
  const programs = [...NAMES, 'later'].map((name) => `step "${name}" sh -c lab-${name}`).join('\n');
  const boot = (script: string) => bootNode({ image, entry: 'active', persistent, timeout: 300, script });
  run = await boot(`
    step version systemctl --version
    ${programs}
    step target systemctl is-active multi-user.target
    step links ls /run/extensions
    step service systemctl is-active systemd-sysext.service
    step log cat /run/immucore/immucore.log
    step status kairos-agent sysext status
    step 'enable later' kairos-agent sysext enable --active --now later
    step 'run later' sh -c lab-later
    step 'disable later' kairos-agent sysext disable --active --now later
    step 'later disabled' sh -c lab-later
    step 'enable unsigned' kairos-agent sysext enable --common --now unsigned
  `);
}, 600_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

async function build(name: string, signer: KeyPair | undefined): Promise<string> {
  const tree = join(directory, `${name}.tree`);
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await mkdir(join(tree, 'usr/share'));
  await writeFile(join(tree, `usr/bin/lab-${name}`), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
  await writeFile(join(tree, `usr/share/lab-${name}`), `${name} `.repeat(20_000));
  const keys = signer === undefined ? [] : ['--private-key', signer.key, '--certificate', signer.certificate];
  // Not compressed, so that there is data to damage.
  const where = ['--compression', 'none', '--output', directory, name, `dir:${tree}`];
  return succeeded(await auroraboot(['sysext', '--quiet', ...keys, ...where])).stdout.trim();
}

it('is systemd 252', () => {
  expect(run.step('version').stdout).toMatch(/^systemd 252 /);
  expect(run.step('target')).toMatchObject({ status: 0 });
});
it('loads what is signed by the configured certificate', () => {
  expect(run.step('service')).toMatchObject({ stdout: 'active\n' });
  expect(run.step('signed')).toMatchObject({ status: 0, stdout: 'signed\n' });
});
it('leaves out what this systemd would have loaded, and says why', () => {
  for (const name of ['stranger', 'unsigned', 'flipped']) {
    expect(run.step(name), name).toMatchObject({ status: 127 });
    expect(run.step('log').stdout).toContain(`${name}.sysext.raw is left out`);
  }
});
it('links images by the names that this systemd understands', () => {
  expect(run.step('links').stdout).toBe('signed.raw\n');
});
it('tells what this systemd lacks', () => {
  expect(run.step('status').stdout).toMatch(/systemd 252 knows no image policies/);
  expect(run.step('status').stdout).toMatch(/read-only/);
});
it('enables and disables at once', () => {
  succeeded(run.step('enable later'));
  expect(run.step('run later')).toMatchObject({ status: 0, stdout: 'later\n' });
  succeeded(run.step('disable later'));
  expect(run.step('later disabled')).toMatchObject({ status: 127 });
});
it('enables nothing that is not signed, though this systemd would not mind', () => {
  expect(run.step('enable unsigned')).toMatchObject({ status: 3 });
});
