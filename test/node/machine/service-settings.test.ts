import { expect, test } from 'vitest';
import { CONFEXT, SYSEXT } from '../../../src/image/extension/kind.ts';
import { serviceSettingsIn } from '../../../src/node/machine/service-settings.ts';

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
