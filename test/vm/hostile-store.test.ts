import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BootReport } from '../../src/node/machine/boot-report.ts';
import { auroraboot } from '../support/auroraboot.ts';
import type { VirtualMachineRun } from '../support/guest-script.ts';
import { succeeded } from '../support/run-command.ts';
import {
  bootNode,
  bootNodes,
  buildNode,
  makePersistent,
  type PersistentFiles,
  STORE,
} from '../support/virtual-node.ts';

/** Far more than the kernel can mount over each other. */
const COUNT = 500;

let directory: string;
let runs: Record<'many' | 'unclear', VirtualMachineRun>;
let reports: Record<keyof typeof runs, BootReport>;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-hostile-');
  const image = await buildNode();
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await writeFile(join(tree, 'usr/bin/lab-many'), '#!/bin/sh\necho many\n', { mode: 0o755 });
  const where = ['--output', directory, 'many', `dir:${tree}`];
  const host = succeeded(await auroraboot(['sysext', '--quiet', ...where])).stdout.trim();
  // systemd takes what stands before the _ for the name of the release file.
  const names = Array.from(
    { length: COUNT },
    (_, index) => `many_${String(index).padStart(3, '0')}.sysext.raw`,
  );
  const common = `${STORE}/common`;
  const files: PersistentFiles = {
    ...Object.fromEntries(names.map((name) => [`${STORE}/${name}`, { host }])),
    ...Object.fromEntries(names.map((name) => [`${common}/${name}`, { link: `../${name}` }])),
    [`${common}/loop.sysext.raw`]: { link: 'loop.sysext.raw' },
    [`${common}/out.sysext.raw`]: { link: '/etc/shadow' },
    [`${common}/nowhere.sysext.raw`]: { link: '../nowhere.sysext.raw' },
    [`${common}/a\n\u001b[31mb.sysext.raw`]: { link: '../many_000.sysext.raw' },
    [`${common}/${'x'.repeat(240)}.raw`]: { text: 'no image' },
    [`${common}/empty.raw`]: { text: '' },
  };
  const boot = async (name: string, all: PersistentFiles) => {
    const persistent = join(directory, name);
    await makePersistent(persistent, all);
    return bootNode({ image, entry: 'active', persistent, timeout: 400, script });
  };
  runs = await bootNodes({
    many: () => boot('many', files),
    unclear: () => boot('unclear', { ...files, 'cloud-config/broken.yaml': { text: 'sysext: [unclosed\n' } }),
  });
  const reportOf = (run: VirtualMachineRun) => JSON.parse(run.step('report').stdout) as BootReport;
  reports = { many: reportOf(runs.many), unclear: reportOf(runs.unclear) };
}, 900_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const script = `
  step target systemctl is-active multi-user.target
  step usr sh -c 'test -x /usr/bin/systemctl && test -d /usr/share/zoneinfo || ls /usr'
  step links ls /run/extensions
  step report cat /run/immucore/extensions.json
  step console sh -c 'dmesg | grep -c " immucore: "'
  step many sh -c lab-many
  step service systemctl is-active systemd-sysext.service
  step merge journalctl --boot --no-pager --unit systemd-sysext.service
  step status kairos-agent sysext status
  step shadow sh -c 'find -L /run/extensions -samefile /etc/shadow'
`;

describe.each(['many', 'unclear'] as const)('%s', (name) => {
  const step = (what: string) => runs[name].step(what);
  it('does not hold up the boot', () => {
    expect(step('target')).toMatchObject({ stdout: 'active\n' });
    expect(step('usr')).toMatchObject({ status: 0 });
  });
  it('is told in words for every entry', () => {
    const found = new Map(reports[name].extensions.map(({ file, code }) => [file, code]));
    expect([...found.keys()].filter((file) => file.startsWith('many_'))).toHaveLength(COUNT);
    expect(found.get('nowhere.sysext.raw')).toBe('dangling');
    for (const { outcome, reason } of reports[name].extensions) {
      if (outcome === 'left-out') expect(reason).toMatch(/\w/);
    }
  });
  it('follows no link out of the store', () => {
    expect(step('shadow').stdout).toBe('');
  });
  it('does not flood the console', () => {
    expect(Number(step('console').stdout)).toBeLessThan(12);
  });
});

it('loads as many as the kernel can mount, the first ones, and the host keeps its /usr', () => {
  const linked = reports.many.extensions.filter(({ outcome }) => outcome === 'linked');
  expect(linked.length).toBeGreaterThan(20);
  expect(linked.map(({ file }) => file)).toEqual(
    linked.map((_, index) => `many_${String(index).padStart(3, '0')}.sysext.raw`),
  );
  expect(runs.many.step('service').stdout, runs.many.step('merge').stdout).toBe('active\n');
  expect(runs.many.step('many')).toMatchObject({ status: 0, stdout: 'many\n' });
});
it('loads nothing that nobody can vouch for, where the configuration could demand it and is not understood', () => {
  expect(reports.unclear.signatures.required).toBe(true);
  expect(reports.unclear.problems.join('\n')).toMatch(/broken\.yaml/);
  expect(runs.unclear.step('links').stdout).toBe('');
});
