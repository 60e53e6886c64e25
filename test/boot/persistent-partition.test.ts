import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BootLog } from '../../src/boot/log.ts';
import { mountPersistent } from '../../src/boot/persistent-partition.ts';
import { TimeLimit } from '../../src/boot/time-limit.ts';
import type { RunResult } from '../../src/node/host/host.ts';
import { BootingMachine } from './machine.ts';

const DEVICE = '/dev/disk/by-label/COS_PERSISTENT';
const STATE = 'run/immucore/persistent/.state/var-lib-kairos.bind';
const OK: RunResult = { status: 0, stdout: '', stderr: '' };

let machine: BootingMachine;
let commands: string[];
/** What a command does and answers. */
let answers: (command: string) => RunResult | Promise<RunResult>;
beforeEach(() => {
  machine = new BootingMachine();
  machine.link(DEVICE.slice(1), '../../vda5');
  commands = [];
  answers = (command) => {
    if (command.startsWith('mount -o ro,')) fs.mkdirSync(join(machine.root, STATE), { recursive: true });
    return OK;
  };
  machine.change = (host) => ({
    ...host,
    run: async (program, args) => {
      const command = [program, ...args].join(' ').replaceAll(machine.root, '');
      commands.push(command);
      return answers(command);
    },
  });
});
afterEach(() => machine.remove());

function mount(seconds = 10): Promise<void> {
  const initramfs = machine.host();
  const log = new BootLog(initramfs, () => false);
  return mountPersistent(initramfs, machine.host(join(machine.root, 'sysroot')), new TimeLimit(seconds), log);
}

const PARTITION = `mount -o ro,nodev,nosuid,noexec ${DEVICE} /run/immucore/persistent`;

test('the partition is mounted read-only, and its state bound to where the booted system looks', async () => {
  await mount();
  expect(commands).toEqual([
    PARTITION,
    'mount --bind /run/immucore/persistent/.state/var-lib-kairos.bind /sysroot/var/lib/kairos',
    'mount -o remount,bind,ro,nodev,nosuid,noexec /sysroot/var/lib/kairos',
  ]);
  expect(fs.statSync(join(machine.root, 'sysroot/var/lib/kairos')).isDirectory()).toBe(true);
});

test('a machine without it has none, once udev has nothing more to do', async () => {
  fs.rmSync(join(machine.root, DEVICE));
  await expect(mount()).rejects.toThrow(`there is no ${DEVICE}`);
  expect(commands).toEqual([`udevadm settle --timeout=3 --exit-if-exists=${DEVICE}`]);
});

test('what mount says is told', async () => {
  answers = () => ({ status: 32, stdout: '', stderr: 'mount: /run: bad superblock.\n' });
  await expect(mount()).rejects.toThrow(/failed with the status 32: mount: .run: bad superblock/);
});

test.each(['.state', '.state/var-lib-kairos.bind'])('a link in place of %s is not followed', async (path) => {
  answers = (command) => {
    const link = join('run/immucore/persistent', path);
    if (command === PARTITION) machine.link(link, '/etc');
    return OK;
  };
  await expect(mount()).rejects.toMatchObject({ code: 'io' });
  expect(commands).toEqual([PARTITION, 'umount /run/immucore/persistent']);
});

test('a partition that keeps no state is let go', async () => {
  answers = () => OK;
  await expect(mount()).rejects.toMatchObject({ code: 'not-found' });
  expect(commands.at(-1)).toBe('umount /run/immucore/persistent');
});

test('a mount that never ends does not hold the boot', async () => {
  answers = () => new Promise(() => undefined);
  await expect(mount(0.05)).rejects.toMatchObject({ code: 'time-limit' });
});
