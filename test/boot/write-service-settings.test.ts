import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  bootServiceSettings,
  policyOf,
  writeServiceSettings,
} from '../../src/boot/write-service-settings.ts';
import { CONFEXT, SYSEXT } from '../../src/image/extension/kind.ts';
import { nodeHost } from '../../src/node/host/node-host.ts';
import { serviceSettingsIn } from '../../src/node/machine/service-settings.ts';

const SIGNED = '--image-policy=root=signed+absent:usr=signed+absent';
const NOTHING = { imagePolicy: undefined, mutable: undefined, hierarchies: undefined };

function service(...args: readonly string[]) {
  const command = ['systemd-sysext', 'refresh', ...args].join(' ');
  return serviceSettingsIn(
    `ExecStart={ path=systemd-sysext ; argv[]=${command} ; ignore_errors=no }\n`,
    SYSEXT,
  );
}

function settings(policy: string | undefined, requiresSignatures: boolean, systemdVersion = 257) {
  return bootServiceSettings(SYSEXT, {
    configuration: NOTHING,
    service: service(...(policy === undefined ? [] : [`--image-policy=${policy}`])),
    requiresSignatures,
    systemdVersion,
  });
}

test.each([
  ['none, so systemd would take anything', undefined],
  ['verity is enough', 'root=verity+absent:usr=verity+absent'],
  ['plain verity as an alternative to signed', 'root=verity+signed+absent:usr=verity+signed+absent'],
  ['signed for one of the two only', 'root=signed+absent:usr=verity+absent'],
  ['what is not a policy', 'root=wrong'],
])('where signatures are required, a policy by which %s is replaced', (_, policy) => {
  expect(settings(policy, true).args).toEqual([SIGNED]);
});

test('a policy that demands signatures stays, and so does any where none are required', () => {
  const policy = 'root=signed+absent:usr=signed+absent:=absent';
  expect(settings(policy, true).args).toEqual([`--image-policy=${policy}`]);
  expect(settings('root=verity+absent', false).args).toEqual(['--image-policy=root=verity+absent']);
  expect(settings(undefined, false).args).toEqual([]);
});

test('before systemd 254 there is no policy to set', () => {
  const old = settings(undefined, true, 252);
  expect(old.args).toEqual([]);
  expect(policyOf(old, 252)).toBeUndefined();
  expect(policyOf(settings(undefined, true), 257)).toBe('root=signed+absent:usr=signed+absent');
});

test('what is configured is written as a drop-in that systemd reads back', () => {
  const root = mkdtempSync(join(tmpdir(), 'drop-in-'));
  try {
    const host = nodeHost({ root, environment: {} });
    const installed = service('--image-policy=root=verity+absent');
    const wanted = bootServiceSettings(SYSEXT, {
      configuration: { ...NOTHING, mutable: 'ephemeral', hierarchies: ['/usr/lib', '/usr/a b%c"d'] },
      service: installed,
      requiresSignatures: true,
      systemdVersion: 257,
    });
    expect(writeServiceSettings(host, SYSEXT, installed, wanted)).toBe(true);
    const text = readFileSync(
      join(root, 'run/systemd/system/systemd-sysext.service.d/zz-immucore.conf'),
      'utf8',
    );
    expect(text).toContain(`ExecStart=\nExecStart=systemd-sysext refresh ${SIGNED} --mutable=ephemeral\n`);
    expect(text).toContain('Environment="SYSTEMD_SYSEXT_HIERARCHIES=/usr/lib:/usr/a b%%c\\"d"\n');
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('nothing is written where the service does that already', () => {
  const host = nodeHost({ root: '/proc/self', environment: {} });
  const installed = service(SIGNED);
  const wanted = bootServiceSettings(CONFEXT, {
    configuration: NOTHING,
    service: installed,
    requiresSignatures: true,
    systemdVersion: 257,
  });
  expect(writeServiceSettings(host, CONFEXT, installed, wanted)).toBe(false);
});
