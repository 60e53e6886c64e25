import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SYSEXT } from '../../../src/image/extension/kind.ts';
import { NodeError } from '../../../src/node/error.ts';
import type { Host } from '../../../src/node/host/host.ts';
import {
  disableExtension,
  enableExtension,
  removeExtension,
} from '../../../src/node/lifecycle/change-extension.ts';
import { listExtensions } from '../../../src/node/lifecycle/list-extensions.ts';
import type { Profile } from '../../../src/node/store/layout.ts';
import { readStore } from '../../../src/node/store/store-contents.ts';
import { auroraboot } from '../../support/auroraboot.ts';
import { succeeded } from '../../support/run-command.ts';
import { failsWith, faultyHost } from '../faulty-host.ts';
import { SimulatedMachine } from './simulated-machine.ts';

let images: string;
const STORE = 'var/lib/kairos/extensions';

beforeAll(async () => {
  images = fs.mkdtempSync(join(tmpdir(), 'images-'));
  await build('k3s', ['usr/bin/k3s', 'usr/bin/shared']);
  await build('tools', ['usr/bin/tools', 'usr/bin/shared']);
  await build('foreign', ['usr/bin/foreign'], ['--id', 'fedora', '--version-id', '41']);
  await build('zipped', ['usr/bin/zipped'], ['--compression', 'zstd'], 20_000);
  await build('k3s_1', ['usr/bin/one']);
  await build('k3s1', ['usr/bin/two']);
});
afterAll(() => fs.rmSync(images, { recursive: true }));

/** Builds an image with some files, each with the image's name as content, so many times. */
async function build(
  name: string,
  files: readonly string[],
  flags: readonly string[] = [],
  times = 1,
): Promise<void> {
  const tree = join(images, `${name}.tree`);
  for (const file of files) {
    fs.mkdirSync(join(tree, file, '..'), { recursive: true });
    fs.writeFileSync(join(tree, file), `${name}\n`.repeat(times));
  }
  succeeded(await auroraboot(['sysext', '--quiet', ...flags, '--output', images, name, `dir:${tree}`]));
}

let machine: SimulatedMachine;
beforeEach(() => {
  machine = new SimulatedMachine();
  for (const name of ['k3s', 'tools']) put(name);
});
afterEach(() => machine.remove());

function put(name: string, as = `${name}.sysext.raw`): void {
  machine.put(join(images, `${name}.sysext.raw`), as);
}

interface Options {
  readonly now?: boolean;
  readonly dryRun?: boolean;
  readonly host?: Host;
}
const request = (name: string, { now = true, dryRun = false }: Options) => ({
  kind: SYSEXT,
  name,
  now,
  dryRun,
});
const enable = (name: string, profile: Profile = 'active', options: Options = {}) =>
  enableExtension(options.host ?? machine.host, { ...request(name, options), profile });
const disable = (name: string, profile: Profile = 'active', options: Options = {}) =>
  disableExtension(options.host ?? machine.host, { ...request(name, options), profile });
const remove = (name: string, options: Options = {}) =>
  removeExtension(options.host ?? machine.host, request(name, options));

describe('the life of an extension', () => {
  test('as the document tells it', async () => {
    await enable('k3s');
    expect(machine.links(`${STORE}/active`)).toEqual({ 'k3s.sysext.raw': '../k3s.sysext.raw' });
    expect(machine.links('run/extensions')).toEqual({
      'k3s.sysext.raw': '/var/lib/kairos/extensions/active/k3s.sysext.raw',
    });
    expect(machine.live).toEqual(['k3s']);
    expect(await listExtensions(machine.host, SYSEXT, 'active')).toMatchObject([
      { name: 'k3s', profiles: ['active'], live: true },
    ]);
    await remove('^k3s');
    expect(machine.live).toEqual([]);
    expect(machine.links('run/extensions')).toEqual({});
    expect(machine.links(`${STORE}/active`)).toEqual({});
    expect(fs.existsSync(join(machine.root, STORE, 'k3s.sysext.raw'))).toBe(false);
  });

  test('a second time nothing is done', async () => {
    await enable('k3s');
    machine.commands.length = 0;
    expect(await enable('k3s')).toMatchObject({ changed: false });
    expect(machine.commands.filter((command) => command.includes('refresh'))).toEqual([]);
    await disable('k3s');
    expect(await disable('k3s')).toMatchObject({ changed: false });
  });

  test('what was enabled before is made live, after a reboot, too', async () => {
    await enable('k3s', 'active', { now: false });
    expect(machine.live).toEqual([]);
    await enable('k3s');
    expect(machine.live).toEqual(['k3s']);
    machine.reboot();
    await enable('k3s');
    expect(machine.live).toEqual(['k3s']);
  });

  test('an image that was replaced is loaded anew', async () => {
    await enable('k3s');
    await new Promise((done) => setTimeout(done, 20));
    put('k3s');
    expect(await enable('k3s')).toMatchObject({ plan: { steps: [{ action: 'refresh' }] } });
  });

  test('is not made live by a profile of another boot', async () => {
    const result = await enable('k3s', 'recovery');
    expect(result.plan.notes).toEqual([
      'it is not made live: this boot is active, which does not load the profile recovery',
    ]);
    expect(machine.links('run/extensions')).toEqual({});
  });

  test('stays live as long as a profile of this boot wants it', async () => {
    await enable('k3s', 'active');
    await enable('k3s', 'common');
    await disable('k3s', 'active');
    expect(machine.live).toEqual(['k3s']);
    expect(machine.links('run/extensions')).toEqual({
      'k3s.sysext.raw': '/var/lib/kairos/extensions/common/k3s.sysext.raw',
    });
    await disable('k3s', 'common');
    expect(machine.live).toEqual([]);
  });

  test('stays live without --now, with no link that dangles', async () => {
    await enable('k3s');
    await disable('k3s', 'active', { now: false });
    expect(machine.live).toEqual(['k3s']);
    await enable('tools');
    expect(machine.live).toEqual(['k3s', 'tools']);
    const { plan } = await remove('k3s', { now: false });
    expect(plan.notes.join()).toMatch(/stays live until the next boot/);
    expect(machine.links('run/extensions')).toEqual({
      'tools.sysext.raw': '/var/lib/kairos/extensions/active/tools.sysext.raw',
    });
  });

  test('--dry-run changes nothing', async () => {
    const { plan } = await enable('k3s', 'active', { dryRun: true });
    expect(plan.steps.map(({ action }) => action)).toEqual(['link-profile', 'link-run', 'refresh']);
    expect(machine.links(`${STORE}/active`)).toEqual({});
    expect(machine.live).toEqual([]);
  });

  test('before systemd 255 the link has no class in its name', async () => {
    machine.version = 254;
    await enable('k3s');
    expect(Object.keys(machine.links('run/extensions'))).toEqual(['k3s.raw']);
    machine.version = 257;
    await disable('k3s');
    expect(machine.links('run/extensions')).toEqual({});
  });

  test('refreshes as the service does', async () => {
    machine.unit = [
      'ExecStart={ path=/usr/bin/systemd-sysext ; argv[]=systemd-sysext refresh ; ignore_errors=no ; start_time=[n/a] }',
      'ExecReload={ path=/usr/bin/systemd-sysext ; argv[]=systemd-sysext refresh --image-policy=root=verity+absent:usr=verity+absent ; ignore_errors=no ; start_time=[n/a] }',
      'Environment=SYSTEMD_SYSEXT_HIERARCHIES=/usr',
    ].join('\n');
    await enable('k3s');
    expect(machine.commands).toContain(
      'systemd-sysext refresh --image-policy=root=verity+absent:usr=verity+absent',
    );
  });
});

describe('is taken back', () => {
  test('when systemd fails, whose words are shown', async () => {
    machine.failure = "Failed to read metadata for image 'x'";
    await expect(enable('k3s')).rejects.toThrow(
      /failed with the status 1: Failed to read metadata for image 'x'/,
    );
    expect(machine.links(`${STORE}/active`)).toEqual({});
    expect(machine.links('run/extensions')).toEqual({});
  });

  test('when systemd leaves the extension out, with the reason', async () => {
    machine.ignored = ['k3s'];
    await expect(enable('k3s')).rejects.toMatchObject({
      message: expect.stringMatching(/left k3s out, although it reported success: .*does not match/),
      hint: 'kairos-agent sysext verify k3s tells what does not fit',
    });
    expect(machine.links(`${STORE}/active`)).toEqual({});
    expect(machine.live).toEqual([]);
  });

  test('when systemd does not come to its end, also what was live', async () => {
    await enable('k3s');
    machine.kills = 1;
    const error: unknown = await enable('tools').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      message: 'systemd-sysext refresh did not end in time',
      hint: expect.not.stringMatching(/still is/),
    });
    expect(machine.live).toEqual(['k3s']);
    expect(Object.keys(machine.links('run/extensions'))).toEqual(['k3s.sysext.raw']);
    machine.kills = 2;
    await expect(enable('tools')).rejects.toThrow(/could not be taken back: .*did not end in time/);
  });

  test('and not spoken of where nothing was done', async () => {
    fs.mkdirSync(join(machine.root, 'outside'));
    fs.symlinkSync('/outside', join(machine.root, STORE, 'active'));
    const error: unknown = await enable('k3s').catch((reason: unknown) => reason);
    expect((error as Error).message).toBe(
      '/var/lib/kairos/extensions/active: it is no directory, so it was not made by kairos-agent',
    );
    expect(fs.readdirSync(join(machine.root, 'outside'))).toEqual([]);
  });

  test('by whoever interrupts it, as long as nothing was changed', async () => {
    const reason = new Error('interrupted');
    const signal = AbortSignal.abort(reason);
    const asked = { ...request('k3s', {}), profile: 'active', signal } as const;
    await expect(enableExtension(machine.host, asked)).rejects.toBe(reason);
    await enable('k3s');
    await expect(disableExtension(machine.host, asked)).rejects.toBe(reason);
    await expect(removeExtension(machine.host, asked)).rejects.toBe(reason);
    expect(machine.live).toEqual(['k3s']);
  });

  test('also disabling and removing', async () => {
    await enable('k3s');
    machine.failure = 'no';
    await expect(disable('k3s')).rejects.toThrow(NodeError);
    await expect(remove('k3s')).rejects.toThrow(NodeError);
    expect(machine.links(`${STORE}/active`)).toEqual({ 'k3s.sysext.raw': '../k3s.sysext.raw' });
    expect(machine.links('run/extensions')).toEqual({
      'k3s.sysext.raw': '/var/lib/kairos/extensions/active/k3s.sysext.raw',
    });
    expect(machine.live).toEqual(['k3s']);
  });

  test.each(['enable', 'disable', 'remove'] as const)('%s, whichever call fails', async (action) => {
    const change = {
      enable,
      disable,
      remove: (name: string, _: Profile, options: Options) => remove(name, options),
    };
    for (let n = 1; ; n++) {
      machine.remove();
      machine = new SimulatedMachine();
      put('k3s');
      if (action !== 'enable') await enable('k3s');
      const state = () =>
        JSON.stringify([
          machine.links(`${STORE}/active`),
          machine.links('run/extensions'),
          machine.live,
          fs.existsSync(join(machine.root, STORE, 'k3s.sysext.raw')),
        ]);
      const before = state();
      const host = faultyHost(machine.host, n, failsWith('ENOSPC'));
      const error: unknown = await change[action]('k3s', 'active', { host }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (host.calls.length < n) break;
      // Removing is done when the image is gone; what is left of it then is cleared away later.
      const isGone = action === 'remove' && !fs.existsSync(join(machine.root, STORE, 'k3s.sysext.raw'));
      if (error === undefined || isGone) continue;
      expect(error).toBeInstanceOf(NodeError);
      expect(state()).toBe(before);
    }
  });
});

/** What `kill -9` does: neither this call happens, nor any after it. */
class Killed extends Error {}

test.each(['enable', 'disable', 'remove'] as const)(
  '%s --now killed at any call leaves the store as it was or will be, and the next command brings it to its end',
  async (action) => {
    const change = {
      enable,
      disable,
      remove: (name: string, _: Profile, options: Options) => remove(name, options),
    };
    const store = () => {
      const { images, strangers } = readStore(machine.host, SYSEXT);
      return JSON.stringify([images.map(({ fileName, profiles }) => [fileName, profiles]), strangers]);
    };
    const outcomes = new Set<string>();
    for (let n = 1; ; n++) {
      machine.remove();
      machine = new SimulatedMachine();
      for (const name of ['k3s', 'tools']) put(name);
      await enable('tools');
      if (action !== 'enable') await enable('k3s');
      const old = store();
      const kill = (): never => {
        throw new Killed();
      };
      const host = faultyHost(machine.host, n, kill, 'ever after');
      await change[action]('k3s', 'active', { host }).catch((error: unknown) => {
        // The agent's own words are lost with it.
        expect(error).toBeInstanceOf(Error);
      });
      if (host.calls.length < n) break;
      const between = store();
      await change[action]('k3s', 'active', {}).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'not-found' });
      });
      const done = store();
      expect([old, done]).toContain(between);
      outcomes.add(between === old ? 'old' : 'new');
      expect(machine.live).toEqual(action === 'enable' ? ['k3s', 'tools'] : ['tools']);
      const left = fs.readdirSync(join(machine.root, STORE)).filter((name) => name.startsWith('.#'));
      expect(left.filter((name) => !name.startsWith('.#facts.json'))).toEqual(['.#lock']);
    }
    expect([...outcomes].sort()).toEqual(['new', 'old']);
  },
);

describe('is refused', () => {
  const refused = (name: string, message: RegExp, code: string) =>
    expect(enable(name)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });

  test('what does not fit this machine', async () => {
    put('foreign');
    await refused('foreign', /systemd ignores it on this host: .*fedora/, 'refused');
  });

  test('what this version of systemd takes for that of another system', async () => {
    put('foreign');
    machine.write('etc/os-release', 'ID=nobara\nID_LIKE="rhel fedora"\nVERSION_ID=41\n');
    machine.version = 255;
    await refused('foreign', /is for 'fedora' \(ID\), the host is 'nobara'/, 'refused');
    machine.version = 257;
    expect(await enable('foreign')).toMatchObject({ changed: true });
  });

  test('what the kernel is too old for', async () => {
    put('zipped');
    machine.write('proc/sys/kernel/osrelease', '6.1.0-41-amd64\n');
    await refused(
      'zipped',
      /zipped\.sysext\.raw is compressed with zstd, which takes Linux 6\.10; this machine runs 6\.1$/,
      'conflict',
    );
    await enable('tools');
    for (const release of ['6.12.57+deb13-amd64', 'unknown', '7.0']) {
      machine.write('proc/sys/kernel/osrelease', `${release}\n`);
      await enable('zipped');
      await disable('zipped');
    }
  });

  test('what is no image, and what has another name', async () => {
    machine.write(`${STORE}/garbage.raw`, Buffer.alloc(10_000, 1));
    await refused('garbage', /garbage\.raw is refused/, 'refused');
    put('tools', 'renamed.raw');
    await refused('renamed', /by its release file 'tools'/, 'refused');
  });

  test('two files of the same name', async () => {
    put('k3s', 'k3s.raw');
    await enable('k3s.sysext.raw');
    await refused('k3s.raw', /both called 'k3s'/, 'conflict');
  });

  test('names whose order is undefined', async () => {
    put('k3s_1');
    put('k3s1');
    await enable('k3s_1.sysext.raw');
    await refused('k3s1.sysext.raw', /compare equal as versions/, 'conflict');
    // In a boot that does not load the other there is no order to be undefined.
    await enable('k3s1.sysext.raw', 'recovery');
    await expect(enable('k3s1.sysext.raw', 'common')).rejects.toThrow(/in boots of the profile active/);
  });

  test('what another directory would hide', async () => {
    machine.write('etc/extensions/k3s.raw', 'x');
    await refused('k3s', /\/etc\/extensions\/k3s\.raw has the same name and wins/, 'conflict');
  });

  test.each([
    ['twice in another directory', ['etc/extensions/k3s.raw', 'etc/extensions/k3s.sysext.raw']],
    ['by another file beside the link in /run', ['run/extensions/k3s.raw']],
  ])('what is there %s', async (_, places) => {
    await enable('k3s');
    for (const place of places) machine.write(place, 'x');
    await refused('k3s', /has the same name and wins over k3s\.sysext\.raw/, 'conflict');
  });

  test('what a link that leads out of the store would hide', async () => {
    machine.write('var/lib/kairos/other.raw', 'x');
    fs.mkdirSync(join(machine.root, 'run/extensions'), { recursive: true });
    fs.symlinkSync('/var/lib/kairos/extensions/../other.raw', join(machine.root, 'run/extensions/k3s.raw'));
    await refused('k3s', /\/run\/extensions\/k3s\.raw has the same name and wins/, 'conflict');
  });

  test('what does not go together with what is live, though that is not enabled any more', async () => {
    put('k3s', 'k3s.raw');
    put('k3s_1');
    put('k3s1');
    await enable('k3s.sysext.raw');
    await disable('k3s.sysext.raw', 'active', { now: false });
    await refused('k3s.raw', /k3s\.raw and k3s\.sysext\.raw are both called 'k3s' now/, 'conflict');
    expect(machine.links(`${STORE}/active`)).toEqual({});
    await enable('k3s.raw', 'active', { now: false });
    await enable('k3s1.sysext.raw');
    await disable('k3s1.sysext.raw', 'active', { now: false });
    await refused('k3s_1.sysext.raw', /compare equal as versions now/, 'conflict');
  });

  test('more extensions than the kernel mounts', async () => {
    const names = Array.from({ length: 90 }, (_, index) => `extension-${index}`);
    for (const name of names) {
      machine.write(`${STORE}/${name}.raw`, '');
      fs.mkdirSync(join(machine.root, STORE, 'active'), { recursive: true });
      fs.symlinkSync(`../${name}.raw`, join(machine.root, STORE, 'active', `${name}.raw`));
    }
    await refused('k3s', /there would be 91 extensions .* names are too long together/, 'conflict');
  });

  test('what cannot be taken for a name', async () => {
    await expect(enable('.')).rejects.toMatchObject({ code: 'ambiguous', exitCode: 2 });
    await expect(enable('nothing')).rejects.toMatchObject({ code: 'not-found', exitCode: 4 });
  });

  test('an image whose name leaves no room for what is made of it', async () => {
    const name = `${'k'.repeat(251)}.raw`;
    put('k3s', name);
    for (const change of [() => enable(name), () => disable(name), () => remove(name)]) {
      await expect(change()).rejects.toMatchObject({
        code: 'unsafe-path',
        message: expect.stringMatching(/name has more than 240 bytes/),
        hint: 'rename it, or remove it, by hand',
      });
    }
    expect(fs.existsSync(join(machine.root, STORE, name))).toBe(true);
  });

  test('what somebody else put into /run', async () => {
    machine.write('run/extensions/k3s.sysext.raw', 'mine');
    await refused('k3s', /\/run\/extensions\/k3s\.sysext\.raw has the same name and wins/, 'conflict');
    expect(fs.readFileSync(join(machine.root, 'run/extensions/k3s.sysext.raw'), 'utf8')).toBe('mine');
    expect(machine.links(`${STORE}/active`)).toEqual({});
  });
});

test('files that hide each other, or the base system, are named with who wins', async () => {
  machine.write('usr/bin/tools', 'base');
  await enable('k3s');
  const { findings } = await enable('tools');
  expect(findings).toMatchObject([
    { code: 'hides-files', level: 'warning', subjects: ['/usr/bin/shared'] },
    { code: 'hides-base-files', level: 'warning', subjects: ['/usr/bin/tools'] },
  ]);
  expect(findings[0]!.message).toMatch(/the one of tools is seen/);
  await disable('k3s');
  expect((await enable('k3s')).findings).toMatchObject([{ code: 'hidden-files' }]);
});
