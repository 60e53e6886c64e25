import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { flipByte } from '../support/flip-byte.ts';
import type { VirtualMachineRun } from '../support/guest-script.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';
import { succeeded } from '../support/run-command.ts';
import {
  bootNode,
  bootNodes,
  buildNode,
  makePersistent,
  type PersistentFiles,
  STORE,
} from '../support/virtual-node.ts';

/** Images, and what is right about them: systemd 252 itself would merge them all. */
const NAMES = ['signed', 'stranger', 'unsigned', 'flipped'] as const;
/** Versions of systemd, and the Debian that has them. */
const SUITES = { 252: 'bookworm', 257: 'trixie' } as const;
const VERSIONS = ['252', '257'] as const;

let directory: string;
let runs: Record<(typeof VERSIONS)[number], VirtualMachineRun>;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-versions-');
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
  mutable: ephemeral
  certificates:
    - |
${certificate.replace(/^(?=.)/gm, '      ')}`;
  // The same images and settings for all versions.
  const files: PersistentFiles = {
    'cloud-config/sysext.yaml': { text: configuration },
    ...Object.fromEntries(
      Object.entries(images).map(([name, host]) => [`${STORE}/${name}.sysext.raw`, { host }]),
    ),
    ...Object.fromEntries(
      NAMES.map((name) => [`${STORE}/active/${name}.sysext.raw`, { link: `../${name}.sysext.raw` }]),
    ),
  };
  const programs = [...NAMES, 'later'].map((name) => `step "${name}" sh -c lab-${name}`).join('\n');
  const script = `
    step version systemctl --version
    ${programs}
    step target systemctl is-active multi-user.target
    step links ls /run/extensions
    step service systemctl is-active systemd-sysext.service
    step command systemctl show systemd-sysext.service --property=ExecStart
    step write touch /usr/bin/lab-written
    step log cat /run/immucore/immucore.log
    step status kairos-agent sysext status
    step 'enable later' kairos-agent sysext enable --active --now later
    step 'run later' sh -c lab-later
    step 'disable later' kairos-agent sysext disable --active --now later
    step 'later disabled' sh -c lab-later
    step 'enable unsigned' kairos-agent sysext enable --common --now unsigned
  `;
  const nodes = { 252: await buildNode(SUITES[252]), 257: await buildNode(SUITES[257]) };
  runs = await bootNodes(
    Object.fromEntries(
      VERSIONS.map((version) => [
        version,
        async () => {
          const persistent = join(directory, `persistent-${version}`);
          await makePersistent(persistent, files);
          return bootNode({ image: nodes[version], entry: 'active', persistent, timeout: 300, script });
        },
      ]),
    ) as Record<(typeof VERSIONS)[number], () => Promise<VirtualMachineRun>>,
  );
}, 900_000);
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

describe.each(VERSIONS)('with systemd %s', (version) => {
  const step = (name: string) => runs[version].step(name);
  it('the system is reached', () => {
    expect(step('version').stdout).toMatch(new RegExp(`^systemd ${version} `));
    expect(step('target')).toMatchObject({ status: 0 });
  });
  it('what is signed by the configured certificate is loaded', () => {
    expect(step('service')).toMatchObject({ stdout: 'active\n' });
    expect(step('signed')).toMatchObject({ status: 0, stdout: 'signed\n' });
  });
  it('what is not, or is damaged, is left out, and why is said', () => {
    for (const name of ['stranger', 'unsigned', 'flipped']) {
      expect(step(name), name).toMatchObject({ status: 127 });
      expect(step('log').stdout).toContain(`${name}.sysext.raw is left out`);
    }
  });
  it('images are enabled and disabled at once', () => {
    succeeded(step('enable later'));
    expect(step('run later')).toMatchObject({ status: 0, stdout: 'later\n' });
    succeeded(step('disable later'));
    expect(step('later disabled')).toMatchObject({ status: 127 });
  });
  it('nothing is enabled that is not signed', () => {
    expect(step('enable unsigned')).toMatchObject({ status: 3 });
  });
});

describe('systemd 252, which knows less', () => {
  it('gets links by the names that it understands, and no option that it does not know', () => {
    expect(runs[252].step('links').stdout).toBe('signed.raw\n');
    expect(runs[252].step('command').stdout).not.toMatch(/--image-policy|--mutable/);
  });
  it('merges read-only, and status tells that and what else it lacks', () => {
    expect(runs[252].step('write')).toMatchObject({ status: 1, stderr: expect.stringMatching(/Read-only/) });
    const { stdout } = runs[252].step('status');
    expect(stdout).toMatch(/systemd 252 knows no image policies/);
    expect(stdout).toMatch(/merged +\/usr\/bin \(read-only/);
    expect(stdout).toMatch(/every directory that an extension has files in is read-only/);
    expect(stdout).toMatch(/sets mutable: ephemeral, which has no effect/);
  });
});

describe('systemd 257', () => {
  it('gets links by the names of the images, and the policy that takes signed ones only', () => {
    expect(runs[257].step('links').stdout).toBe('signed.sysext.raw\n');
    expect(runs[257].step('command').stdout).toContain('--image-policy=root=signed+absent:usr=signed+absent');
  });
  it('merges as the configuration says whether it can be written to', () => {
    expect(runs[257].step('command').stdout).toContain('--mutable=ephemeral');
    succeeded(runs[257].step('write'));
    expect(runs[257].step('status').stdout).toMatch(/merged +\/usr\/bin \(mutable/);
  });
});
