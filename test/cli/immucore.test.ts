import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { BootingMachine, buildExtension } from '../boot/machine.ts';
import { immucore } from '../support/immucore.ts';
import { kairosAgent } from '../support/kairos-agent.ts';
import { makeIdentity } from '../trust/pki.ts';

let scratch: string;
let image: string;
beforeAll(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'immucore-'));
  image = await buildExtension(scratch, 'hello');
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));
let machine: BootingMachine;
beforeEach(() => {
  machine = new BootingMachine();
});
afterEach(() => machine.remove());

test('it links for the booted system, logs, and reports as data', async () => {
  machine.put(image, 'hello.sysext.raw', 'active');
  const { status, stdout, stderr } = await immucore(['--root', machine.root, '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(machine.read('run/immucore/extensions.json')));
  expect(stderr).toMatch(/INF sysext hello\.sysext\.raw is linked for the profile active/);
  expect(machine.links()).toEqual({
    'hello.sysext.raw': '/var/lib/kairos/extensions/active/hello.sysext.raw',
  });
});

test('the flags name other places', async () => {
  machine.put(image, 'hello.sysext.raw', 'passive');
  const [cmdline, efivars] = [join(scratch, 'cmdline'), join(scratch, 'efivars')];
  fs.writeFileSync(cmdline, 'root=LABEL=COS_PASSIVE kairos.sysext=1\n');
  fs.mkdirSync(efivars);
  const root = fs.mkdtempSync(join(scratch, 'root-'));
  const sysroot = join(machine.root, 'sysroot');
  const places = ['--root', root, '--sysroot', sysroot, '--cmdline', cmdline, '--efivars', efivars];
  expect(await immucore([...places, '--quiet'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(fs.readlinkSync(join(root, 'run/extensions/hello.sysext.raw'))).toBe(
    '/var/lib/kairos/extensions/passive/hello.sysext.raw',
  );
});

test('a bad extension never stops a boot, and the agent tells why it was left out', async () => {
  machine.uki();
  machine.enrol('db', makeIdentity('db').certificate);
  machine.put(image, 'hello.sysext.raw', 'active');
  machine.link('var/lib/kairos/extensions/active/shadow.raw', '/etc/shadow');
  expect(await immucore(['--root', machine.root])).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/WRN sysext hello\.sysext\.raw is left out: the image is not signed/),
  });
  const { stdout } = await kairosAgent(['--root', machine.root, 'sysext', 'status']);
  expect(stdout).toMatch(/state +not live: the boot stage left it out: the image is not signed/);
  expect(stdout).toMatch(/at boot:\n +active\/shadow\.raw was left out: it is a link to \/etc\/shadow/);
});

test('the agent tells what turned extensions off', async () => {
  machine.uki('active.conf', 'kairos.sysext=0');
  machine.put(image, 'hello.sysext.raw', 'active');
  await immucore(['--root', machine.root, '--quiet']);
  const { stdout } = await kairosAgent(['--root', machine.root, 'sysext', 'status', 'hello']);
  expect(stdout).toMatch(/turned off by the kernel argument kairos\.sysext=0/);
});

test('a wrong command line is told', async () => {
  expect(await immucore(['--bogus'])).toMatchObject({ status: 2 });
  expect(await immucore(['surplus'])).toMatchObject({ status: 2 });
  expect(await immucore(['--help'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/--sysroot/) });
});
