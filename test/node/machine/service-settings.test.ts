import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONFEXT, SYSEXT } from '../../../src/image/extension/kind.ts';
import { NodeError } from '../../../src/node/error.ts';
import type { Host, RunResult } from '../../../src/node/host/host.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';
import { readServiceSettings, serviceSettingsIn } from '../../../src/node/machine/service-settings.ts';

test('the arguments of a refresh are those of the unit, with its environment', () => {
  const text = `ExecStart={ path=/usr/bin/systemd-sysext ; argv[]=systemd-sysext refresh --image-policy=root=verity+absent:usr=verity+absent ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
ExecReload={ path=/usr/bin/systemd-sysext ; argv[]=systemd-sysext refresh --mutable=auto "--x=a b" ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
Environment=SYSTEMD_SYSEXT_HIERARCHIES=/usr/bin:/usr/lib "SYSTEMD_SYSEXT_OVERLAYFS_MOUNT_OPTIONS=a b" PATH=/evil LD_PRELOAD=/evil.so
`;
  expect(serviceSettingsIn(text, SYSEXT)).toEqual({
    args: ['--mutable=auto', '--x=a b'],
    environment: {
      SYSTEMD_SYSEXT_HIERARCHIES: '/usr/bin:/usr/lib',
      SYSTEMD_SYSEXT_OVERLAYFS_MOUNT_OPTIONS: 'a b',
    },
    hierarchies: ['/usr/bin', '/usr/lib'],
    imagePolicy: undefined,
  });
});

test('the start counts where nothing is reloaded', () => {
  const text =
    'ExecStart={ path=/usr/bin/systemd-confext ; argv[]=/usr/bin/systemd-confext refresh --image-policy=root=signed ; ignore_errors=no }\n';
  expect(serviceSettingsIn(text, CONFEXT)).toMatchObject({
    args: ['--image-policy=root=signed'],
    imagePolicy: 'root=signed',
  });
});

test.each([
  '',
  'ExecStart=\nEnvironment=\n',
  'ExecStart={ path=/bin/sh ; argv[]=/bin/sh -c refresh ; ignore_errors=no }',
])('without such a service systemd does what it does by default: %j', (text) => {
  expect(serviceSettingsIn(text, SYSEXT)).toEqual({
    args: [],
    environment: {},
    hierarchies: ['/usr', '/opt'],
    imagePolicy: undefined,
  });
});

describe('under a root that is not running', () => {
  let root: string;
  beforeEach(() => {
    root = fs.mkdtempSync(join(tmpdir(), 'units-'));
  });
  afterEach(() => fs.rmSync(root, { recursive: true }));
  function write(path: string, content: string): void {
    fs.mkdirSync(join(root, path, '..'), { recursive: true });
    fs.writeFileSync(join(root, path), content);
  }
  const settings = () => readServiceSettings(nodeHost({ root, environment: {} }), SYSEXT);
  const UNIT = 'systemd-sysext.service';

  test('the unit and its drop-ins tell, and a drop-in can take back what the unit says', async () => {
    write(
      `usr/lib/systemd/system/${UNIT}`,
      '[Unit]\nExecStart=no\n[Service]\nExecStart=systemd-sysext refresh\nExecReload=systemd-sysext refresh\n',
    );
    write(
      `etc/systemd/system/${UNIT}.d/kairos.conf`,
      `# a comment
[Service]
ExecStart=
ExecStart=-/usr/bin/systemd-sysext refresh \\
  # which goes on
  --image-policy="root=verity+absent:usr=verity+absent"
ExecReload=
ExecReload=/usr/bin/systemd-sysext refresh "--image-policy=root=verity+absent:usr=verity+absent"
Environment=SYSTEMD_SYSEXT_HIERARCHIES=/usr/bin:/usr/lib
`,
    );
    // Of two drop-ins of one name the one in /etc counts.
    write(`usr/lib/systemd/system/${UNIT}.d/kairos.conf`, '[Service]\nExecReload=\nExecStart=\n');
    expect(await settings()).toEqual({
      args: ['--image-policy=root=verity+absent:usr=verity+absent'],
      environment: { SYSTEMD_SYSEXT_HIERARCHIES: '/usr/bin:/usr/lib' },
      hierarchies: ['/usr/bin', '/usr/lib'],
      imagePolicy: 'root=verity+absent:usr=verity+absent',
    });
  });

  test.each<[string, () => Promise<RunResult>]>([
    [
      'is no systemctl',
      () => Promise.reject(new NodeError('unsupported', 'systemctl cannot be run: ENOENT')),
    ],
    ['is nobody who answers it', async () => ({ status: 1, stdout: '', stderr: 'Host is down' })],
    ['is no answer in time', async () => ({ status: undefined, stdout: '', stderr: '' })],
  ])('also count on the running machine where there %s', async (_, run) => {
    write(
      `usr/lib/systemd/system/${UNIT}`,
      '[Service]\nExecStart=systemd-sysext refresh --image-policy=root=signed\n',
    );
    const host: Host = { ...nodeHost({ root, environment: {} }), isRunning: true, run };
    expect(await readServiceSettings(host, SYSEXT)).toMatchObject({ imagePolicy: 'root=signed' });
  });

  test('units that lead nowhere, are no text or too large say nothing', async () => {
    fs.mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
    fs.symlinkSync(UNIT, join(root, 'etc/systemd/system', UNIT));
    write(`etc/systemd/system/${UNIT}.d/a.conf`, '\xff\xfe');
    write(`etc/systemd/system/${UNIT}.d/b.conf`, `[Service]\n${'#'.repeat(300_000)}\nExecStart=x\n`);
    expect(await settings()).toMatchObject({ args: [], hierarchies: ['/usr', '/opt'] });
  });
});
