import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CONFEXT, SYSEXT } from '../../../src/image/extension/kind.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';
import { readExtensionMounts } from '../../../src/node/machine/extension-mounts.ts';
import { readMerged } from '../../../src/node/machine/merged.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'mounts-'));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const host = () => nodeHost({ root, environment: {} });

function write(path: string, content: string): void {
  fs.mkdirSync(join(root, path, '..'), { recursive: true });
  fs.writeFileSync(join(root, path), content);
}

// As systemd 257 mounts them.
const LOWER = 'lowerdir=/run/systemd/sysext/meta/usr:/run/systemd/sysext/extensions/k3s/usr:/usr';
const MOUNTS = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
91 22 0:47 / /usr/lib64 ro,nodev,relatime shared:50 master:3 - overlay sysext ro,${LOWER}
92 22 0:48 / /opt/with\\040blank ro,nodev,relatime - overlay sysext ro,${LOWER}
93 22 0:49 / /usr/local/bin rw,nodev,noatime shared:52 - overlay sysext rw,${LOWER},upperdir=/run/u,workdir=/run/w
94 22 0:50 / /etc ro,nosuid,nodev,noexec - overlay confext ro,lowerdir=/run/systemd/sysext/meta/etc:/etc
95 22 0:51 / /srv rw - overlay overlay rw,lowerdir=/a,upperdir=/b,workdir=/c
96 22 0:52 / /sysext rw - tmpfs sysext rw
`;

test('finds what systemd merged, and what takes writes', () => {
  write('proc/self/mountinfo', MOUNTS);
  expect(readExtensionMounts(host(), SYSEXT)).toEqual([
    { hierarchy: '/usr/lib64', isMutable: false },
    { hierarchy: '/opt/with blank', isMutable: false },
    { hierarchy: '/usr/local/bin', isMutable: true },
  ]);
  expect(readExtensionMounts(host(), CONFEXT)).toEqual([{ hierarchy: '/etc', isMutable: false }]);
});

test('finds nothing where the mounts cannot be read', () => {
  expect(readExtensionMounts(host(), SYSEXT)).toEqual([]);
  write('proc/self/mountinfo', '\n - \nno mount\n');
  expect(readExtensionMounts(host(), SYSEXT)).toEqual([]);
  fs.mkdirSync(join(root, 'proc/self/mountinfo.d'));
  fs.rmSync(join(root, 'proc/self/mountinfo'));
  fs.mkdirSync(join(root, 'proc/self/mountinfo'));
  expect(readExtensionMounts(host(), SYSEXT)).toEqual([]);
});

test('what is merged is read wherever it is', () => {
  write('proc/self/mountinfo', MOUNTS);
  for (const hierarchy of ['usr/lib64', 'usr/local/bin']) {
    fs.mkdirSync(join(root, hierarchy), { recursive: true });
    const { dev } = fs.statSync(join(root, hierarchy));
    write(`${hierarchy}/.systemd-sysext/dev`, `${Math.floor(dev / 256) % 4096}:${dev % 256}\n`);
    write(`${hierarchy}/.systemd-sysext/extensions`, 'k3s\n');
  }
  expect(readMerged(host(), SYSEXT)).toMatchObject([
    { hierarchy: '/usr/lib64', names: ['k3s'], isMutable: false },
    { hierarchy: '/usr/local/bin', names: ['k3s'], isMutable: true },
  ]);
});
