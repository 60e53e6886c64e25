import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { flipByte } from '../support/flip-byte.ts';
import type { VirtualMachineRun } from '../support/guest-script.ts';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';
import { succeeded } from '../support/run-command.ts';
import { bootNode, bootNodes, buildNode, CONFEXTS, makePersistent, STORE } from '../support/virtual-node.ts';

const PROFILES = ['active', 'passive', 'recovery', 'common'] as const;
const STATES = ['active', 'passive', 'recovery', 'autoreset', 'live'] as const;
type State = (typeof STATES)[number];

/** The profiles that each boot state loads; the images are named after the profile that they are enabled for. */
const LOADS: Readonly<Record<State, readonly string[]>> = {
  active: ['active', 'common'],
  passive: ['passive', 'common'],
  recovery: ['recovery', 'common'],
  autoreset: ['recovery', 'common'],
  live: [],
};

let directory: string;
/** Microseconds after the beginning of 1970 that the clock of one machine shows when it starts: Linux takes none before its own start. */
const CLOCK = 3_600_000_000;
/** Kernel arguments that turn extensions off. */
const SWITCHES = ['kairos.sysext=0', 'systemd.sysext=0'] as const;
let runs: Record<State | (typeof SWITCHES)[number] | 'again', VirtualMachineRun>;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-states-');
  const image = await buildNode();
  const files: Parameters<typeof makePersistent>[1] = Object.fromEntries(
    (
      await Promise.all(
        PROFILES.map(async (profile) => {
          const host = await build(`for-${profile}`);
          const name = `for-${profile}.sysext.raw`;
          return [
            [`${STORE}/${name}`, { host }],
            [`${STORE}/${profile}/${name}`, { link: `../${name}` }],
          ] as const;
        }),
      )
    ).flat(),
  );
  // One that systemd would choke on, so that it would merge none.
  const broken = await build('broken');
  const { data } = extensionPartitions(await readPartitionTable(broken));
  await flipByte(broken, data.offset + 1024);
  const extra = await build('extra');
  const settings = await build('settings', 'confext');
  const all = {
    ...files,
    [`${CONFEXTS}/settings.confext.raw`]: { host: settings },
    [`${CONFEXTS}/common/settings.confext.raw`]: { link: '../settings.confext.raw' },
    [`${STORE}/broken.sysext.raw`]: { host: broken },
    [`${STORE}/common/broken.sysext.raw`]: { link: '../broken.sysext.raw' },
    [`${STORE}/extra.sysext.raw`]: { host: extra },
  };

  const script = `
    for name in ${PROFILES.map((profile) => `for-${profile}`).join(' ')} extra; do
      step "$name" sh -c "lab-$name"
    done
    step settings cat /etc/lab-settings
    step target systemctl is-active multi-user.target
    step sentinels ls /run/cos
    step report cat /run/immucore/extensions.json
    step log cat /run/immucore/immucore.log
    step status kairos-agent sysext status
  `;
  const boot = (entry: State, persistent: string, more: { script?: string; arguments?: string } = {}) =>
    bootNode({
      image,
      entry,
      persistent,
      timeout: 240,
      ...(more.arguments !== undefined && { arguments: more.arguments }),
      script: script + (more.script ?? ''),
    });
  const fresh = async (name: string): Promise<string> => {
    const path = join(directory, `${name}.persistent`);
    await makePersistent(path, all);
    return path;
  };
  const special: Partial<Record<State, Parameters<typeof boot>[2]>> = {
    // What is done here, and what of it is left after a reboot.
    active: {
      script: `
        step 'enable extra' kairos-agent sysext enable --active --now extra
        step 'run extra' sh -c lab-extra
        step 'disable for-common' kairos-agent sysext disable --common for-common
        step 'run for-common' sh -c lab-for-common
      `,
    },
    passive: { arguments: `systemd.clock-usec=${CLOCK}` },
  };
  const states = Object.fromEntries(
    STATES.map((state) => [state, async () => boot(state, await fresh(state), special[state])]),
  ) as Record<State, () => Promise<VirtualMachineRun>>;
  const off = Object.fromEntries(
    SWITCHES.map((argument) => [
      argument,
      async () => boot('active', await fresh(argument), { arguments: argument }),
    ]),
  ) as Record<(typeof SWITCHES)[number], () => Promise<VirtualMachineRun>>;
  const first = await bootNodes({ ...states, ...off });
  const again = await boot('active', join(directory, 'active.persistent'));
  runs = { ...first, again };
}, 900_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Builds an image with a program that prints the image's name; unsigned, as any outside of Trusted Boot may be. */
async function build(name: string, kind: 'sysext' | 'confext' = 'sysext'): Promise<string> {
  const tree = join(directory, `${name}.tree`);
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await mkdir(join(tree, 'etc'));
  await writeFile(join(tree, `etc/lab-${name}`), `${name}\n`);
  await writeFile(join(tree, `usr/bin/lab-${name}`), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
  const outcome = await auroraboot([kind, '--quiet', '--output', directory, name, `dir:${tree}`]);
  return succeeded(outcome).stdout.trim();
}

describe.each(STATES)('the boot state %s', (state) => {
  it('is reached, whatever the images are', () => {
    expect(runs[state].step('target')).toMatchObject({ status: 0, stdout: 'active\n' });
  });
  it('is told by its sentinel', () => {
    expect(runs[state].step('sentinels').stdout.split('\n')).toContain(`${state}_mode`);
  });
  it.each(PROFILES)('has what is enabled for %s, if it loads that', (profile) => {
    const { status, stdout } = runs[state].step(`for-${profile}`);
    const expected = LOADS[state].includes(profile) ? [0, `for-${profile}\n`] : [127, ''];
    expect([status, stdout]).toEqual(expected);
  });
  it('has the configuration extension that is enabled for every boot, if it loads any', () => {
    const expected = LOADS[state].length > 0 ? [0, 'settings\n'] : [1, ''];
    const { status, stdout } = runs[state].step('settings');
    expect([status, stdout]).toEqual(expected);
  });
  it('leaves out the image that cannot be read, and says so', () => {
    if (LOADS[state].length === 0) return;
    expect(runs[state].console.match(/immucore: sysext broken\.sysext\.raw is left out: /g)).toHaveLength(1);
    expect(runs[state].step('log').stdout).toMatch(/broken\.sysext\.raw/);
    expect(runs[state].step('report').stdout).toMatch(/broken\.sysext\.raw/);
    expect(runs[state].step('status').stdout).toMatch(/broken/);
  });
});

describe('a reboot', () => {
  it('keeps what was enabled with --now, and loads it by itself', () => {
    expect(runs.active.step('extra')).toMatchObject({ status: 127 });
    succeeded(runs.active.step('enable extra'));
    expect(runs.active.step('run extra')).toMatchObject({ status: 0, stdout: 'extra\n' });
    expect(runs.again.step('extra')).toMatchObject({ status: 0, stdout: 'extra\n' });
  });
  it('forgets what was live and is enabled no more', () => {
    succeeded(runs.active.step('disable for-common'));
    expect(runs.active.step('run for-common')).toMatchObject({ status: 0 });
    expect(runs.again.step('for-common')).toMatchObject({ status: 127 });
  });
});

describe.each(SWITCHES)('with %s on the kernel command line', (argument) => {
  it('nothing is loaded, neither of sysext nor of confext', () => {
    expect(runs[argument].step('target')).toMatchObject({ stdout: 'active\n' });
    for (const profile of PROFILES) {
      expect(runs[argument].step(`for-${profile}`)).toMatchObject({ status: 127 });
    }
    expect(runs[argument].step('settings')).toMatchObject({ status: 1 });
  });
  it('the boot state is told all the same, and why nothing is loaded', () => {
    expect(runs[argument].step('sentinels').stdout).toBe('active_mode\n');
    expect(runs[argument].step('status').stdout).toContain(`turned off   by the kernel argument ${argument}`);
    expect(runs[argument].console).toContain(`immucore: extensions are turned off by ${argument}`);
  });
});

it('a clock at 1970 changes nothing', () => {
  expect(runs.passive.step('log').stdout).toMatch(/^1970-01-01T01:0\d:\d\dZ INF boot state: passive/);
});
