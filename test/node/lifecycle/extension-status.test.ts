import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CONFEXT, SYSEXT } from '../../../src/image/extension/kind.ts';
import {
  disableExtension,
  enableExtension,
  removeExtension,
} from '../../../src/node/lifecycle/change-extension.ts';
import { readStatus } from '../../../src/node/lifecycle/extension-status.ts';
import type { Profile } from '../../../src/node/store/layout.ts';
import { auroraboot } from '../../support/auroraboot.ts';
import { succeeded } from '../../support/run-command.ts';
import { SimulatedMachine } from './simulated-machine.ts';

const STORE = 'var/lib/kairos/extensions';

let images: string;
beforeAll(async () => {
  images = fs.mkdtempSync(join(tmpdir(), 'status-'));
  for (const name of ['k3s', 'tools', 'motd']) {
    const tree = join(images, `${name}.tree`);
    fs.mkdirSync(join(tree, 'usr/bin'), { recursive: true });
    fs.writeFileSync(join(tree, 'usr/bin', name), name);
    succeeded(await auroraboot(['sysext', '--quiet', '--output', images, name, `dir:${tree}`]));
  }
});
afterAll(() => fs.rmSync(images, { recursive: true }));

let machine: SimulatedMachine;
beforeEach(() => {
  machine = new SimulatedMachine();
  for (const name of ['k3s', 'tools', 'motd']) put(name);
});
afterEach(() => machine.remove());

function put(name: string): void {
  machine.put(join(images, `${name}.sysext.raw`), `${name}.sysext.raw`);
}
const request = (name: string, now: boolean) => ({ kind: SYSEXT, name, now, dryRun: false });
const enable = (name: string, profile: Profile, now = true) =>
  enableExtension(machine.host, { ...request(name, now), profile });
const disable = (name: string, profile: Profile, now = false) =>
  disableExtension(machine.host, { ...request(name, now), profile });
const status = (name?: string) => readStatus(machine.host, SYSEXT, name);

async function explanations(): Promise<Record<string, string>> {
  const { extensions } = await status();
  return Object.fromEntries(extensions.map(({ name, explanation }) => [name, explanation]));
}

test('the machine, what is merged and in which order', async () => {
  await enable('tools', 'active');
  await enable('k3s', 'common');
  machine.write('usr/.systemd-sysext/work_dir', 'var/lib/extensions.mutable/.systemd-usr-workdir');
  expect(await status()).toMatchObject({
    class: 'sysext',
    boot: { state: 'active', profiles: ['active', 'common'], trustedBoot: false },
    systemd: 257,
    signatures: { required: false },
    hierarchies: [{ hierarchy: '/usr', extensions: ['k3s', 'tools'], access: 'mutable' }],
    mergeOrder: ['k3s', 'tools'],
    remarks: [],
  });
  fs.rmSync(join(machine.root, 'usr/.systemd-sysext/work_dir'));
  expect((await status()).hierarchies).toMatchObject([{ access: 'read-only' }]);
});

describe('each extension, in words', () => {
  test('live as enabled, or not enabled', async () => {
    await enable('k3s', 'active');
    await enable('k3s', 'common');
    await enable('tools', 'recovery');
    expect(await explanations()).toEqual({
      k3s: 'live, as enabled for active and common',
      motd: 'not enabled for any profile',
      tools: 'not live: this boot (active) does not load the profile recovery',
    });
  });
  test('enabled, but not live', async () => {
    await enable('k3s', 'active', false);
    await enable('tools', 'active');
    machine.ignored = ['tools'];
    await enable('motd', 'active');
    expect(await explanations()).toMatchObject({
      k3s: 'not live: it was enabled after the boot and not with --now, or the boot stage did not run',
      tools: expect.stringMatching(/^not live: systemd was not refreshed since it was linked, or ignored it/),
    });
    machine.write('etc/extensions/k3s.raw', 'x');
    expect((await explanations()).k3s).toBe('not live: /etc/extensions/k3s.raw has the same name and wins');
  });
  test('live, but not enabled, or of another profile, or of an image that was replaced', async () => {
    for (const name of ['k3s', 'tools', 'motd']) await enable(name, 'active');
    await disable('k3s', 'active');
    await disable('tools', 'active');
    await enable('tools', 'passive');
    const before = new Date(Date.now() - 60_000);
    fs.utimesSync(join(machine.root, 'usr/.systemd-sysext'), before, before);
    fs.chmodSync(join(machine.root, STORE, 'motd.sysext.raw'), 0o600);
    const found = await explanations();
    expect(found.motd).toMatch(/^live with the content before: the image was replaced since/);
    const later = new Date(Date.now() + 60_000);
    fs.utimesSync(join(machine.root, 'usr/.systemd-sysext'), later, later);
    expect(await explanations()).toMatchObject({
      k3s: 'live until the next boot, although it is not enabled for any profile',
      tools: 'live until the next boot, although this boot (active) does not load the profile passive',
      motd: 'live, as enabled for active',
    });
  });
  test('only the one that is asked for', async () => {
    expect((await status('^k')).extensions.map(({ name }) => name)).toEqual(['k3s']);
    await expect(status('nothing')).rejects.toMatchObject({ code: 'not-found', exitCode: 4 });
    await expect(status('s')).rejects.toMatchObject({ code: 'ambiguous', exitCode: 2 });
  });
});

test('what is live although its image is gone', async () => {
  await enable('k3s', 'active');
  await enable('tools', 'active');
  await removeExtension(machine.host, request('k3s', false));
  fs.rmSync(join(machine.root, STORE, 'tools.sysext.raw'));
  const { remarks, elsewhere, strangers } = await status();
  expect(remarks).toEqual([
    expect.stringMatching(/^k3s is live, although its image is gone/),
    expect.stringMatching(/^tools is live, although its image is gone/),
  ]);
  expect(elsewhere).toEqual([
    { path: '/run/extensions/tools.sysext.raw', name: 'tools', state: 'dangling', live: false },
  ]);
  expect(strangers).toMatchObject([{ path: `/${STORE}/active/tools.sysext.raw`, problem: 'dangling' }]);
});

test('extensions of other directories, and which of them systemd takes', async () => {
  machine.write('etc/extensions/a.raw', 'x');
  machine.write('run/extensions/a.raw', 'x');
  machine.write('var/lib/extensions/b.raw', 'x');
  machine.write('var/lib/extensions/b.sysext.raw', 'x');
  machine.write('var/lib/extensions/tree/usr/bin/x', 'x');
  fs.symlinkSync('/nowhere', join(machine.root, 'etc/extensions/c.raw'));
  fs.mkdirSync(join(machine.root, 'etc/extensions/masked'));
  const { elsewhere } = await status();
  expect(Object.fromEntries(elsewhere.map(({ path, state }) => [path, state]))).toEqual({
    '/etc/extensions/a.raw': 'used',
    '/etc/extensions/c.raw': 'dangling',
    '/etc/extensions/masked': 'used',
    '/run/extensions/a.raw': 'shadowed',
    '/var/lib/extensions/b.raw': 'ambiguous',
    '/var/lib/extensions/b.sysext.raw': 'ambiguous',
    '/var/lib/extensions/tree': 'used',
  });
  for (const directory of ['run', 'var/lib', 'usr/local/lib', 'usr/lib']) {
    machine.write(`${directory}/confexts/${directory.replaceAll('/', '-')}.raw`, 'x');
  }
  const confexts = await readStatus(machine.host, CONFEXT, undefined);
  expect(confexts.elsewhere.map(({ path }) => path)).toEqual([
    '/run/confexts/run.raw',
    '/var/lib/confexts/var-lib.raw',
    '/usr/local/lib/confexts/usr-local-lib.raw',
    '/usr/lib/confexts/usr-lib.raw',
  ]);
});

test.each([
  [252, SYSEXT, [/no image policies/, /every directory .* read-only/]],
  [252, CONFEXT, [/no systemd-confext/, /no image policies/, /\/etc is read-only/]],
  [254, SYSEXT, [/every directory .* read-only/]],
  [255, CONFEXT, [/\/etc is read-only/]],
  [256, SYSEXT, []],
])('what systemd %i lacks is said', async (version, kind, expected) => {
  machine.version = version;
  const { remarks, systemd } = await readStatus(machine.host, kind, undefined);
  expect(systemd).toBe(version);
  expect(remarks).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});

test('a policy of the service that is written for a newer systemd stands in no way, and is said', async () => {
  machine.version = 260;
  machine.unit =
    'ExecStart={ path=/usr/bin/systemd-sysext ; argv[]=systemd-sysext refresh --image-policy=root=verity+erofs+absent ; ignore_errors=no ; start_time=[n/a] }';
  await enable('k3s', 'active');
  expect(machine.commands).toContain('systemd-sysext refresh --image-policy=root=verity+erofs+absent');
  const { remarks, imagePolicy } = await status();
  expect(imagePolicy).toBe('root=verity+erofs+absent');
  expect(remarks).toEqual([
    expect.stringMatching(/policy of the service by systemd alone: .*'erofs' is no flag/),
  ]);
});

test('a certificate of the configuration that is not there is named with what to do', async () => {
  machine.write('etc/kairos/sysext.yaml', 'require_signatures: true\ncertificates: [/etc/none.pem]\n');
  await expect(status()).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringMatching(/^certificates: certificate .*\/etc\/none\.pem: no such file/),
    hint: expect.stringMatching(/correct certificates in the configuration/),
  });
});

test('a setting that this systemd does not know is said', async () => {
  machine.version = 255;
  machine.write('etc/kairos/sysext.yaml', 'mutable: auto\n');
  expect((await status()).remarks).toContain('the configuration sets mutable: auto, which has no effect');
});
