import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { kairosAgent } from '../support/kairos-agent.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { type Outcome, succeeded } from '../support/run-command.ts';

let scratch: string;
let keys: KeyPair;
let images: string[];
let root: string;

beforeAll(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'agent-cli-'));
  keys = await makeKeyPair(scratch, 'vendor', 'p-256');
  images = [
    await build('tailscale', 'usr/bin/tailscale'),
    await build('tailscale-agent', 'usr/bin/tailscale-agent'),
    await build('k3sv1.32.1', 'usr/bin/k3s'),
  ];
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

beforeEach(() => {
  root = fs.mkdtempSync(join(scratch, 'root-'));
  write('etc/os-release', 'ID=debian\nVERSION_ID=13\n');
});

async function build(name: string, path: string): Promise<string> {
  const tree = join(scratch, `${name}.tree`);
  fs.mkdirSync(join(tree, path, '..'), { recursive: true });
  fs.writeFileSync(join(tree, path), `${name}\n`, { mode: 0o755 });
  const signing = ['--private-key', keys.key, '--certificate', keys.certificate];
  const outcome = await auroraboot([
    'sysext',
    '--quiet',
    ...signing,
    '--output',
    scratch,
    name,
    `dir:${tree}`,
  ]);
  return succeeded(outcome).stdout.trim();
}

function write(path: string, text: string): void {
  const whole = join(root, path);
  fs.mkdirSync(join(whole, '..'), { recursive: true });
  fs.writeFileSync(whole, text);
}

function agent(...args: string[]): Promise<Outcome> {
  return kairosAgent(['--root', root, 'sysext', ...args]);
}

async function downloadAll(): Promise<void> {
  for (const image of images) succeeded(await agent('download', '--quiet', `file://${image}`));
}

describe('list', () => {
  it('of nothing says so beside the results, and makes no directory', async () => {
    const { status, stdout, stderr } = await agent('list');
    expect([status, stdout, stderr]).toEqual([0, '', 'no sysext is in /var/lib/kairos/extensions\n']);
    expect(fs.existsSync(join(root, 'var'))).toBe(false);
  });
  it('shows a line for each image', async () => {
    await downloadAll();
    succeeded(await agent('enable', '--active', 'k3s'));
    succeeded(await agent('enable', '--common', 'k3s'));
    expect((await agent('list')).stdout).toBe(
      [
        'NAME            VERSION SIZE SIGNED BY PROFILES      LIVE FILE',
        'k3sv1.32.1      1.32.1    1M vendor    active,common no   k3sv1.32.1.sysext.raw',
        'tailscale       -         1M vendor    -             no   tailscale.sysext.raw',
        'tailscale-agent -         1M vendor    -             no   tailscale-agent.sysext.raw',
        '',
      ].join('\n'),
    );
    expect((await agent('list', '--active')).stdout).toMatch(/^NAME.*\nk3sv1\.32\.1.*\n$/);
    expect((await agent('list', '--passive')).stdout).toBe('');
  });
  it('is data with --json', async () => {
    await downloadAll();
    succeeded(await agent('enable', '--passive', 'k3s'));
    expect(JSON.parse((await agent('list', '--passive', '--json')).stdout)).toMatchObject([
      {
        name: 'k3sv1.32.1',
        file: 'k3sv1.32.1.sysext.raw',
        version: '1.32.1',
        signedBy: 'vendor',
        profiles: ['passive'],
        live: false,
      },
    ]);
  });
  it('lists an image that cannot be read, and says so', async () => {
    write('var/lib/kairos/extensions/odd.sysext.raw', 'no image');
    const { status, stdout, stderr } = await agent('list');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^odd /m);
    expect(stderr).toMatch(/odd\.sysext\.raw cannot be read as an image/);
  });
});

describe('names', () => {
  beforeEach(downloadAll);
  it('that are exact win, though others match', async () => {
    succeeded(await agent('remove', 'tailscale'));
    expect((await agent('list')).stdout).toMatch(/^tailscale-agent /m);
    expect((await agent('list')).stdout).not.toMatch(/^tailscale /m);
  });
  it('that match several are wrong usage, and all are named', async () => {
    const { status, stderr } = await agent('enable', '--active', 'tail');
    expect(status).toBe(2);
    expect(stderr).toContain('tailscale.sysext.raw');
    expect(stderr).toContain('tailscale-agent.sysext.raw');
  });
  it('that match none are exit status 4', async () => {
    expect(await agent('disable', '--active', 'absent')).toMatchObject({ status: 4 });
  });
  it('that are no regular expression are wrong usage', async () => {
    expect(await agent('remove', '(')).toMatchObject({ status: 2 });
  });
});

describe('wrong usage', () => {
  it.each([
    [['enable', 'k3s'], /boot profile/],
    [['enable', '--active', '--passive', 'k3s'], /--active|--passive/],
    [['enable', '--active'], /NAME|name/],
    [['list', '--active', '--common'], /--active|--common/],
    [['download'], /URI|uri/],
    [['download', 'ftp://host/x.raw'], /ftp/],
    [['download', 'https://host/x.img'], /\.raw/],
    [['download', '--sha256', 'abc', 'https://host/x.raw'], /64/],
    [['download', '--name', '../x.raw', 'https://host/y.raw'], /\.\.\/x\.raw/],
    [['frobnicate'], /frobnicate/],
  ])('%j', async (args, message) => {
    const { status, stderr, stdout } = await agent(...args);
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(message)]);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('changes', () => {
  beforeEach(downloadAll);
  it('say what they did, and when there was nothing to do', async () => {
    expect((await agent('enable', '--active', 'k3s')).stdout).toContain('enabled for the active profile');
    expect((await agent('enable', '--active', 'k3s')).stdout).toContain('nothing to do');
    expect((await agent('disable', '--active', 'k3s')).stdout).toContain('disabled for the active profile');
    expect((await agent('disable', '--active', 'k3s')).stdout).toContain('nothing to do');
  });
  it('are only told of with --dry-run', async () => {
    expect((await agent('remove', '--dry-run', 'k3s')).stdout).toContain('this would be done');
    expect((await agent('list')).stdout).toMatch(/^k3sv/m);
  });
  it('take the same content again as it is', async () => {
    const { status, stdout } = await agent('download', `file://${images[0]}`);
    expect([status, stdout]).toEqual([0, expect.stringContaining('already in the store')]);
  });
  it('are no longer than the words for them with --quiet', async () => {
    expect((await agent('enable', '--quiet', '--active', 'k3s')).stderr).toBe('');
  });
});

describe('verify', () => {
  it('proves every image, and exits with 3 where one is damaged', async () => {
    await downloadAll();
    expect(await agent('verify')).toMatchObject({ status: 0 });
    const stored = join(root, 'var/lib/kairos/extensions/tailscale.sysext.raw');
    const bytes = fs.readFileSync(stored);
    bytes[bytes.indexOf('tailscale\n')]! ^= 1;
    fs.writeFileSync(stored, bytes);
    const { status, stdout, stderr } = await agent('verify');
    expect(status).toBe(3);
    expect(`${stdout}${stderr}`).toMatch(/tailscale\.sysext\.raw/);
  });
});

it('a configuration that cannot be understood stops a change, with line and column', async () => {
  await downloadAll();
  write('etc/kairos/sysext.yaml', 'mutable: auto\nrequire_signatures: perhaps\n');
  const { status, stderr } = await agent('enable', '--active', 'k3s');
  expect(status).toBe(1);
  expect(stderr).toMatch(/\/etc\/kairos\/sysext\.yaml:2:21/);
});

it('names that could move the cursor are shown escaped', async () => {
  write('var/lib/kairos/extensions/a\u001b[31mb\nc.raw', 'no image');
  const { stdout, stderr } = await agent('list');
  const status = await agent('status');
  for (const text of [stdout, stderr, status.stdout, status.stderr]) {
    expect(text).not.toMatch(/\u001b/);
    expect(text).not.toMatch(/^c\.raw/m);
  }
});

describe('status without a class', () => {
  const machine = (...args: string[]): Promise<Outcome> => kairosAgent(['--root', root, 'status', ...args]);
  it('shows the machine with the extensions of both classes, each under its name', async () => {
    await downloadAll();
    const { status, stdout, stderr } = await machine();
    expect([status, stderr]).toEqual([0, '']);
    const of = async (kind: string): Promise<string> =>
      succeeded(await kairosAgent(['--root', root, kind, 'status'])).stdout;
    expect(stdout).toBe(`sysext\n${await of('sysext')}\nconfext\n${await of('confext')}`);
  });
  it('is data with --json', async () => {
    expect(JSON.parse((await machine('--json')).stdout)).toMatchObject({
      sysext: { class: 'sysext', extensions: [] },
      confext: { class: 'confext', extensions: [] },
    });
  });
  it('takes no name, since both classes may have one of that name', async () => {
    expect(await machine('k3s')).toMatchObject({ status: 2, stdout: '' });
  });
});
