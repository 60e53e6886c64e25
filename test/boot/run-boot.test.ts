import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../src/node/host/host.ts';
import { readBootReport } from '../../src/node/machine/boot-report.ts';
import { pem } from '../../src/trust/pem.ts';
import { failsWith, faultyHost } from '../node/faulty-host.ts';
import { ecKey, type Identity, makeIdentity } from '../trust/pki.ts';
import { BootingMachine, buildExtension } from './machine.ts';

type Signer = 'PK' | 'KEK' | 'db' | 'revoked' | 'stranger' | 'expired' | 'intermediate' | 'leaf';
let scratch: string;
let keys: Record<Signer, Identity>;
let images: Record<string, string>;
beforeAll(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'run-boot-'));
  const intermediate = makeIdentity('intermediate');
  keys = {
    PK: makeIdentity('PK'),
    KEK: makeIdentity('KEK'),
    db: makeIdentity('db', { key: ecKey() }),
    revoked: makeIdentity('revoked'),
    stranger: makeIdentity('stranger'),
    expired: makeIdentity('expired', { notAfter: new Date('2020-01-01T00:00:00Z') }),
    intermediate,
    leaf: makeIdentity('leaf', { issuer: intermediate }),
  };
  const signed = (signer: Signer, name: string, kind: 'sysext' | 'confext' = 'sysext') =>
    buildExtension(scratch, name, signedBy(signer), kind);
  const built = await Promise.all([
    buildExtension(scratch, 'unsigned'),
    buildExtension(scratch, 'foreign', ['--id', 'fedora', '--version-id', '41']),
    ...(Object.keys(keys) as Signer[]).map((signer) => signed(signer, signer)),
    signed('db', 'dns', 'confext'),
  ]);
  const names = ['unsigned', 'foreign', ...Object.keys(keys), 'dns'];
  images = Object.fromEntries(names.map((name, index) => [name, built[index]!]));
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

function signedBy(signer: Signer): string[] {
  const { key, certificate } = keys[signer];
  const [keyFile, certificateFile] = ['key', 'pem'].map((suffix) => join(scratch, `${signer}.${suffix}`));
  fs.writeFileSync(keyFile!, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  fs.writeFileSync(certificateFile!, pem('CERTIFICATE', certificate));
  return ['--private-key', keyFile!, '--certificate', certificateFile!];
}

let machine: BootingMachine;
beforeEach(() => {
  machine = new BootingMachine();
});
afterEach(() => machine.remove());

function enrolAll(): void {
  machine.enrol('PK', keys.PK.certificate);
  machine.enrol('KEK', keys.KEK.certificate);
  machine.enrol('db', keys.db.certificate, keys.revoked.certificate, keys.expired.certificate);
  machine.enrol('dbx', keys.revoked.certificate);
}
const put = (name: string, ...profiles: string[]): void => {
  const suffix = name === 'dns' ? 'confext' : 'sysext';
  machine.put(images[name]!, `${name}.${suffix}.raw`, ...profiles);
};
/** A system whose systemd has a version. */
const systemd = (version: number): void =>
  machine.write(machine.system(`usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-${version}.so`), '');
const target = (profile: string, name: string): string =>
  `/var/lib/kairos/extensions/${profile}/${name}.sysext.raw`;

describe('by boot state', () => {
  const STATES: [state: string, commandLine: string, sentinels: string[], loaded: string[]][] = [
    ['active', 'root=LABEL=COS_ACTIVE', ['active_mode'], ['active', 'common']],
    ['passive', 'root=LABEL=COS_PASSIVE', ['passive_mode'], ['passive', 'common']],
    ['recovery', 'root=LABEL=COS_SYSTEM', ['recovery_mode'], ['recovery', 'common']],
    ['autoreset', 'root=LABEL=COS_RECOVERY kairos.reset', ['autoreset_mode'], ['recovery', 'common']],
    ['livecd', 'root=live:CDLABEL=COS_LIVE', ['live_mode'], []],
    ['unknown', 'root=/dev/vda1', ['unknown'], []],
    ['active', 'kairos.ram root=live:LABEL=x', ['active_mode', 'in_ram_mode'], ['active', 'common']],
  ];

  test.each(STATES)('%s: %s', async (state, commandLine, sentinels, loaded) => {
    machine.commandLine(commandLine);
    put('unsigned', 'active', 'passive', 'recovery');
    put('db', 'common');
    const { report } = await machine.boot();
    expect(report.boot).toMatchObject({ state, profiles: loaded });
    expect(machine.list('run/cos')).toEqual(sentinels.sort());
    for (const name of sentinels) expect(machine.read(`run/cos/${name}`)).toBe('1');
    const [own] = loaded;
    expect(machine.links()).toEqual(
      own === undefined
        ? {}
        : { 'unsigned.sysext.raw': target(own, 'unsigned'), 'db.sysext.raw': target('common', 'db') },
    );
    expect(report.problems).toEqual([]);
  });

  test.each([
    ['active.conf', 'active', ['active_mode', 'uki_boot_mode'], 'active'],
    ['passive+2-1.conf', 'passive', ['passive_mode', 'uki_boot_mode'], 'passive'],
    ['recovery.conf', 'recovery', ['recovery_mode', 'uki_boot_mode'], 'recovery'],
    ['statereset.conf', 'autoreset', ['autoreset_mode', 'uki_boot_mode'], 'recovery'],
    ['other.conf', 'unknown', ['uki_boot_mode', 'unknown'], undefined],
  ])('a unified kernel image: %s', async (entry, state, sentinels, profile) => {
    machine.uki(entry);
    enrolAll();
    for (const one of ['active', 'passive', 'recovery'])
      machine.link(`var/lib/kairos/extensions/${one}/db.sysext.raw`, '../db.sysext.raw');
    put('db');
    const { report } = await machine.boot();
    expect(report.boot).toMatchObject({ state, uki: true, trustedBoot: true });
    expect(machine.list('run/cos')).toEqual(sentinels);
    expect(machine.links()).toEqual(profile === undefined ? {} : { 'db.sysext.raw': target(profile, 'db') });
  });

  test('a unified kernel image that was not installed yet', async () => {
    machine.uki();
    fs.rmSync(join(machine.root, 'sys/firmware/efi/efivars'), { recursive: true });
    expect((await machine.boot()).report.boot.state).toBe('livecd');
    expect(machine.list('run/cos')).toEqual(['live_mode', 'uki_install_mode']);
  });

  test('sentinels and links from before are taken away', async () => {
    put('unsigned', 'active');
    await machine.boot();
    machine.commandLine('root=LABEL=COS_PASSIVE');
    await machine.boot();
    expect(machine.list('run/cos')).toEqual(['passive_mode']);
    expect(machine.links()).toEqual({});
  });

  test('a store that is not there is told, since the partition that keeps it may be missing', async () => {
    put('unsigned', 'active');
    await machine.boot();
    expect(machine.log).toMatch(/INF there is no \/var\/lib\/kairos\/confexts: no confext is enabled/);
    expect(machine.log).not.toMatch(/no sysext is enabled/);
  });

  test('configuration extensions have their own place', async () => {
    put('dns', 'active');
    await machine.boot();
    expect(machine.links('run/confexts')).toEqual({
      'dns.confext.raw': '/var/lib/kairos/confexts/active/dns.confext.raw',
    });
  });
});

describe('Trusted Boot', () => {
  beforeEach(() => {
    machine.uki();
    enrolAll();
  });

  test('loads what the firmware’s keys signed, and nothing else', async () => {
    for (const name of ['PK', 'KEK', 'db', 'expired', 'revoked', 'stranger', 'unsigned']) put(name, 'active');
    expect(await machine.outcomes()).toEqual({
      'PK.sysext.raw': 'linked',
      'KEK.sysext.raw': 'linked',
      'db.sysext.raw': 'linked',
      'expired.sysext.raw': 'linked',
      'revoked.sysext.raw': 'signer-revoked',
      'stranger.sysext.raw': 'signer-unknown',
      'unsigned.sysext.raw': 'unsigned',
    });
    expect(Object.keys(machine.links()).sort()).toEqual([
      'KEK.sysext.raw',
      'PK.sysext.raw',
      'db.sysext.raw',
      'expired.sysext.raw',
    ]);
    expect(machine.list('run/verity.d')).toEqual(['DB0.crt', 'DB2.crt', 'KEK0.crt', 'PK0.crt']);
    expect(machine.log).toMatch(/WRN sysext stranger\.sysext\.raw is left out: .*CN=stranger/);
    expect(machine.console.filter((line) => line.includes('stranger.sysext.raw'))).toHaveLength(1);
  });

  test('verifies every byte', async () => {
    const image = fs.readFileSync(images.db!);
    // Data of a file, which no metadata leads to.
    const at = image.indexOf('db --private-key');
    expect(at).toBeGreaterThan(0);
    image[at] = 0;
    machine.put(image, 'db.sysext.raw', 'active');
    put('PK', 'active');
    expect(await machine.outcomes()).toEqual({
      'PK.sysext.raw': 'linked',
      'db.sysext.raw': 'data-block-mismatch',
    });
  });

  test('leaves out what does not fit the system, and what has another name than it should', async () => {
    put('db', 'active');
    machine.put(images.db!, 'renamed.sysext.raw', 'active');
    expect(await machine.outcomes()).toEqual({
      'db.sysext.raw': 'linked',
      'renamed.sysext.raw': 'release-name',
    });
  });

  test('a chain that neither systemd nor the kernel can follow is left out: systemd would fail over it', async () => {
    machine.enrol('KEK', keys.intermediate.certificate);
    put('leaf', 'active');
    put('db', 'active');
    // Where the service takes signed images alone, as under Trusted Boot.
    machine.write(
      'etc/systemd/system/systemd-sysext.service.d/kairos-uki.conf',
      '[Service]\nExecStart=\nExecStart=systemd-sysext refresh --image-policy=root=signed+absent:usr=signed+absent\n',
    );
    expect(await machine.outcomes()).toEqual({
      'leaf.sysext.raw': 'systemd-cannot-verify',
      'db.sysext.raw': 'linked',
    });
    machine.enrol('db', keys.intermediate.certificate, keys.db.certificate);
    expect(await machine.outcomes()).toMatchObject({ 'leaf.sysext.raw': 'linked' });
  });

  test('what systemd would load without a signature from elsewhere is told', async () => {
    machine.write('var/lib/extensions/tree/usr/bin/evil', '');
    machine.write('var/lib/extensions/image.raw', '');
    await machine.boot();
    expect(machine.console.join()).toMatch(/\/var\/lib\/extensions\/tree is loaded .* it is a directory/);
    expect(machine.console.join()).not.toMatch(/image\.raw/);
    systemd(252);
    await machine.boot();
    expect(machine.console.join()).toMatch(/image\.raw is loaded .* systemd 252 demands no signatures/);
  });

  test('certificates of the configuration count, for systemd as well', async () => {
    put('stranger', 'active');
    machine.write(
      'etc/kairos/sysext.yaml',
      `certificates:\n  - /etc/keys/missing.pem\n  - /etc/keys/stranger.pem\n`,
    );
    machine.write('etc/keys/stranger.pem', pem('CERTIFICATE', keys.stranger.certificate));
    const { report } = await machine.boot();
    expect(report.extensions).toMatchObject([{ file: 'stranger.sysext.raw', outcome: 'linked' }]);
    expect(machine.list('run/verity.d')).toContain('CONFIG0.crt');
    expect(report.problems.join()).toMatch(/missing\.pem/);
  });

  test('without a key that can be read, nothing is loaded and the boot goes on', async () => {
    for (const name of ['PK', 'KEK', 'db', 'dbx'] as const)
      machine.variable(name, new Uint8Array(50).fill(0xff));
    put('db', 'active');
    const { report } = await machine.boot();
    expect(report.extensions).toMatchObject([{ outcome: 'left-out', code: 'signer-unknown' }]);
    expect(report.problems.filter((text) => /PK|KEK|db|dbx/.test(text))).toHaveLength(4);
    expect(machine.links()).toEqual({});
  });

  test.each([
    ['LoaderEntrySelected', new Uint8Array(100_000)],
    ['LoaderEntrySelected', Uint8Array.of(0xd8)],
    ['LoaderEntrySelected', Buffer.from('../../active.conf', 'utf16le')],
    ['LoaderDevicePartUUID', new Uint8Array()],
  ])('a hostile %s is no known state', async (name, value) => {
    machine.write(`sys/firmware/efi/efivars/${name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f`, value);
    put('db', 'active');
    const { report } = await machine.boot();
    expect(['unknown', 'livecd']).toContain(report.boot.state);
    expect(machine.links()).toEqual({});
  });

  test('images beside the unified kernel image are moved, and loaded in the same boot', async () => {
    machine.write('efi/EFI/kairos/active.efi.extra.d/db.sysext.raw', fs.readFileSync(images.db!));
    machine.write('efi/EFI/kairos/passive.efi.extra.d/PK.sysext.raw', fs.readFileSync(images.PK!));
    const { report } = await machine.boot();
    expect(report.migrated.map(({ outcome }) => outcome)).toEqual(['moved', 'moved']);
    expect(machine.links()).toEqual({ 'db.sysext.raw': target('active', 'db') });
  });

  test('at a clock of 1970 nothing is different', async () => {
    machine.change = (host) => ({ ...host, now: () => new Date(0) });
    for (const name of ['db', 'expired', 'stranger']) put(name, 'active');
    expect(await machine.outcomes()).toMatchObject({
      'db.sysext.raw': 'linked',
      'expired.sysext.raw': 'linked',
    });
    expect(machine.log).toMatch(/^1970-01-01T00:00:00Z INF/);
  });
});

describe('without Trusted Boot', () => {
  test('what systemd would fail over is left out', async () => {
    put('unsigned', 'active');
    put('foreign', 'active');
    machine.put(new Uint8Array(), 'empty.sysext.raw', 'active');
    machine.put(new Uint8Array(5000).fill(7), 'garbage.raw', 'active');
    const cut = fs.readFileSync(images.db!);
    machine.put(cut.subarray(0, cut.length / 2), 'cut.sysext.raw', 'active');
    machine.put(images.unsigned!, 'misnamed.sysext.raw', 'active');
    expect(await machine.outcomes()).toMatchObject({
      'unsigned.sysext.raw': 'linked',
      'foreign.sysext.raw': expect.stringMatching(/^release-/),
      'misnamed.sysext.raw': 'release-name',
    });
    expect(Object.keys(machine.links())).toEqual(['unsigned.sysext.raw']);
  });

  test('the policy of the service counts, which the images of a whole refresh must fit', async () => {
    machine.write(
      'sysroot/etc/systemd/system/systemd-sysext.service.d/kairos.conf',
      '[Service]\nExecStart=\nExecStart=systemd-sysext refresh --image-policy=root=signed+absent:usr=signed+absent\n',
    );
    machine.write('sysroot/etc/verity.d/db.crt', pem('CERTIFICATE', keys.db.certificate));
    put('unsigned', 'active');
    put('db', 'active');
    expect(await machine.outcomes()).toMatchObject({
      'unsigned.sysext.raw': expect.stringMatching(/policy/),
      'db.sysext.raw': 'linked',
    });
  });

  test('a signer that systemd does not know is left out where it would fail over it', async () => {
    put('stranger', 'active');
    put('db', 'active');
    machine.write('sysroot/etc/verity.d/db.crt', pem('CERTIFICATE', keys.db.certificate));
    systemd(257);
    expect(await machine.outcomes()).toEqual({
      'stranger.sysext.raw': 'systemd-cannot-verify',
      'db.sysext.raw': 'linked',
    });
    systemd(259);
    expect(await machine.outcomes()).toMatchObject({ 'stranger.sysext.raw': 'linked' });
  });

  test('links and rules follow the version of systemd', async () => {
    put('unsigned', 'active');
    put('dns', 'active');
    machine.write('sysroot/etc/verity.d/db.crt', pem('CERTIFICATE', keys.db.certificate));
    systemd(252);
    const { report } = await machine.boot();
    expect(report.systemd).toBe(252);
    expect(machine.links()).toEqual({ 'unsigned.raw': target('active', 'unsigned') });
    expect(report.extensions.find(({ class: kind }) => kind === 'confext')).toMatchObject({
      code: 'unsupported',
    });
  });

  test('where the configuration requires signatures, they are verified', async () => {
    machine.write('sysroot/etc/kairos/sysext.yaml', 'require_signatures: true\n');
    machine.write('sysroot/etc/verity.d/db.crt', pem('CERTIFICATE', keys.db.certificate));
    put('unsigned', 'active');
    put('db', 'active');
    expect(await machine.outcomes()).toEqual({
      'unsigned.sysext.raw': 'unsigned',
      'db.sysext.raw': 'linked',
    });
  });

  test('a configuration that cannot be understood could require signatures', async () => {
    machine.write('sysroot/etc/kairos/sysext.yaml', 'require_signatures: [\n');
    put('unsigned', 'active');
    const { report } = await machine.boot();
    expect(report.signatures.required).toBe(true);
    expect(machine.links()).toEqual({});
    expect(report.problems.join()).toMatch(/sysext\.yaml/);
  });
});

describe('the set', () => {
  test('of 500 extensions, as many as the kernel can mount are loaded', async () => {
    // Not verified one by one here, for the time it takes: what counts is the set.
    machine.write('sysroot/etc/kairos/sysext.yaml', 'boot_timeout: 1\n');
    const image = fs.readFileSync(images.unsigned!);
    machine.put(image, 'ext-000.sysext.raw', 'active');
    const store = join(machine.root, 'sysroot/var/lib/kairos/extensions');
    for (let index = 1; index < 500; index++) {
      const name = `ext-${String(index).padStart(3, '0')}.sysext.raw`;
      fs.linkSync(join(store, 'ext-000.sysext.raw'), join(store, name));
      fs.symlinkSync(`../${name}`, join(store, 'active', name));
    }
    const start = performance.now();
    const { report } = await machine.boot();
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(report.extensions).toHaveLength(500);
    expect(Object.keys(machine.links()).length).toBeLessThan(90);
    expect(machine.console.length).toBeLessThan(12);
    expect(machine.console.at(-1)).toMatch(/and \d+ more: see \/run\/immucore\/immucore\.log/);
  });

  test('what others put into /run is left alone', async () => {
    put('unsigned', 'active');
    put('db', 'active');
    machine.link('run/extensions/unsigned.sysext.raw', '/somewhere/else.raw');
    expect(await machine.outcomes()).toEqual({
      'db.sysext.raw': 'linked',
      'unsigned.sysext.raw': 'shadowed',
    });
    expect(machine.links()['unsigned.sysext.raw']).toBe('/somewhere/else.raw');
  });
});

describe('time', () => {
  /** Reads of an image never end. */
  function hang(name: string): void {
    machine.change = (host) => hangingHost(host, name);
  }

  test('an image that cannot be read does not hold the boot: left out where signatures are required', async () => {
    machine.uki();
    enrolAll();
    machine.write('etc/kairos/sysext.yaml', 'boot_timeout: 1\n');
    put('db', 'active');
    put('PK', 'active');
    hang('db.sysext.raw');
    const start = performance.now();
    expect(await machine.outcomes()).toEqual({ 'PK.sysext.raw': 'linked', 'db.sysext.raw': 'not-verified' });
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test('elsewhere it is taken as it is', async () => {
    machine.write('sysroot/etc/kairos/sysext.yaml', 'boot_timeout: 1\n');
    put('unsigned', 'active');
    hang('unsigned.sysext.raw');
    const { report, hasAbandoned } = await machine.boot();
    expect(report.extensions).toMatchObject([{ outcome: 'linked', verified: 'no', code: 'not-verified' }]);
    expect(hasAbandoned).toBe(true);
  });
});

describe('recovery', () => {
  /** What the programs of the initramfs are called with; mounting shows the partition's state. */
  function runningMachine(): string[] {
    const commands: string[] = [];
    machine.link('dev/disk/by-label/COS_PERSISTENT', '../../vda5');
    machine.change = (host) => ({
      ...host,
      isRunning: host.root === machine.root,
      run: async (program, args) => {
        commands.push([program, ...args].join(' ').replaceAll(machine.root, ''));
        const bind = 'run/immucore/persistent/.state/var-lib-kairos.bind';
        if (args[0] === '-o' && args[1]?.startsWith('ro,')) machine.write(`${bind}/x`, '');
        if (args[0] === '--bind') {
          fs.rmSync(join(machine.root, 'sysroot/var/lib/kairos'), { recursive: true });
          fs.cpSync(join(machine.root, 'kept'), join(machine.root, 'sysroot/var/lib/kairos'), {
            recursive: true,
            verbatimSymlinks: true,
          });
        }
        return { status: 0, stdout: '', stderr: '' };
      },
    });
    return commands;
  }

  test.each(['root=LABEL=COS_SYSTEM', 'root=LABEL=COS_SYSTEM kairos.reset'])(
    'gets its extensions from the persistent partition: %s',
    async (commandLine) => {
      machine.commandLine(commandLine);
      put('unsigned', 'recovery');
      fs.renameSync(join(machine.root, 'sysroot/var/lib/kairos'), join(machine.root, 'kept'));
      const commands = runningMachine();
      expect(await machine.outcomes()).toEqual({ 'unsigned.sysext.raw': 'linked' });
      expect(commands).toHaveLength(3);
      expect(machine.links()).toEqual({ 'unsigned.sysext.raw': target('recovery', 'unsigned') });
    },
  );

  test('without that partition the boot goes on, and says so', async () => {
    machine.commandLine('root=LABEL=COS_SYSTEM');
    const commands = runningMachine();
    fs.rmSync(join(machine.root, 'dev/disk/by-label/COS_PERSISTENT'));
    const { report } = await machine.boot();
    expect(report.problems).toEqual([
      'the persistent partition: there is no /dev/disk/by-label/COS_PERSISTENT',
    ]);
    expect(commands).toHaveLength(1);
  });

  test('nothing is mounted where the store is there already', async () => {
    machine.commandLine('root=LABEL=COS_SYSTEM');
    put('unsigned', 'recovery');
    const commands = runningMachine();
    expect(await machine.outcomes()).toEqual({ 'unsigned.sysext.raw': 'linked' });
    expect(commands).toEqual([]);
  });
});

describe('turned off', () => {
  test.each(['systemd.sysext=0', 'kairos.sysext=0'])(
    'by %s, nothing is linked and the rest is told',
    async (argument) => {
      machine.uki('active.conf', argument);
      enrolAll();
      put('db', 'active');
      machine.write('efi/EFI/kairos/active.efi.extra.d/PK.sysext.raw', fs.readFileSync(images.PK!));
      const { report } = await machine.boot();
      expect(report).toMatchObject({ disabledBy: argument, extensions: [], migrated: [] });
      expect(machine.links()).toEqual({});
      expect(machine.list('run/cos')).toEqual(['active_mode', 'uki_boot_mode']);
      expect(machine.console.join()).toContain(argument);
    },
  );
});

describe('whatever is at fault, the boot goes on', () => {
  test('a system that is not there', async () => {
    fs.rmSync(join(machine.root, 'sysroot'), { recursive: true });
    const { report } = await machine.boot();
    expect(report.problems.join()).toMatch(/no such directory/);
    expect(machine.list('run/cos')).toEqual(['active_mode']);
  });

  test('nothing at all', async () => {
    fs.rmSync(machine.root, { recursive: true });
    fs.mkdirSync(machine.root);
    expect((await machine.boot()).report.boot.state).toBe('unknown');
  });

  test('a store that is a link in a circle loses no class but its own', async () => {
    put('dns', 'active');
    machine.link('sysroot/var/lib/kairos/extensions', 'extensions');
    const { report } = await machine.boot();
    expect(report.problems.join()).toMatch(/symbolic links/);
    expect(Object.keys(machine.links('run/confexts'))).toEqual(['dns.confext.raw']);
  });

  test('any call that changes something and fails, once or for good', async () => {
    machine.uki();
    enrolAll();
    put('db', 'active');
    machine.write('efi/EFI/kairos/active.efi.extra.d/PK.sysext.raw', fs.readFileSync(images.PK!));
    let counting: { calls: string[] } = { calls: [] };
    const watched = (n: number, times: 'once' | 'ever after') => (host: Host) => {
      const faulty = faultyHost(host, n, failsWith('ENOSPC'), times);
      counting = faulty;
      return faulty;
    };
    machine.change = watched(0, 'once');
    await machine.boot();
    const count = counting.calls.length;
    expect(count).toBeGreaterThan(10);
    for (let n = 1; n <= count; n += 3) {
      for (const times of ['once', 'ever after'] as const) {
        fs.rmSync(join(machine.root, 'run'), { recursive: true, force: true });
        machine.change = watched(n, times);
        const { report } = await machine.boot();
        expect(report.problems.join()).not.toMatch(/unexpected/);
      }
    }
  });

  test('errors of the disk', async () => {
    machine.change = (host) => readFailingHost(host, 'unsigned.sysext.raw');
    put('unsigned', 'active');
    put('db', 'active');
    expect(await machine.outcomes()).toEqual({ 'unsigned.sysext.raw': 'io', 'db.sysext.raw': 'linked' });
    expect(machine.log).toMatch(/the disk has errors/);
  });

  test('a fault of the program itself, which shows no stack trace', async () => {
    machine.change = (host) => ({
      ...host,
      openDirectory: (path, options) => {
        if (path === '/run/cos') throw new TypeError('undefined is not a function');
        return host.openDirectory(path, options);
      },
    });
    put('unsigned', 'active');
    expect(await machine.outcomes()).toEqual({ 'unsigned.sysext.raw': 'linked' });
    expect(machine.log).toMatch(/WRN the sentinels: unexpected: undefined is not a function/);
    expect(machine.log).not.toMatch(/\.ts:\d+/);
  });
});

test('the report is what the agent reads', async () => {
  put('unsigned', 'active');
  put('foreign', 'active');
  const { report } = await machine.boot();
  expect(readBootReport(machine.host())).toEqual(JSON.parse(JSON.stringify(report)));
});

test('rd.immucore.debug makes the log longer', async () => {
  put('unsigned', 'active');
  await machine.boot();
  expect(machine.log).not.toMatch(/ DBG /);
  machine.commandLine('root=LABEL=COS_ACTIVE rd.immucore.debug');
  await machine.boot();
  expect(machine.log).toMatch(/ DBG sysext unsigned\.sysext\.raw: verified \(quick\) in \d+ ms/);
});

/** A host on which one file cannot be read in time, or at all. */
function hangingHost(host: Host, name: string): Host {
  return withRead(host, name, () => new Promise<never>(() => undefined));
}

function readFailingHost(host: Host, name: string): Host {
  return withRead(host, name, () =>
    Promise.reject(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' })),
  );
}

function withRead(host: Host, name: string, read: () => Promise<never>): Host {
  const wrap = (directory: ReturnType<Host['openDirectory']>): ReturnType<Host['openDirectory']> =>
    directory &&
    new Proxy(directory, {
      get(target, key) {
        const value = Reflect.get(target, key, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const result = value.apply(target, args) as unknown;
          if (key === 'openDirectory') return wrap(result as ReturnType<Host['openDirectory']>);
          if (key !== 'openFile' || args[0] !== name) return result;
          const { status, content } = result as NonNullable<ReturnType<typeof directory.openFile>>;
          return { status, content: { size: content.size, read }, [Symbol.dispose]: () => undefined };
        };
      },
    });
  return { ...host, openDirectory: (path, options) => wrap(host.openDirectory(path, options)) };
}
