import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SYSEXT } from '../../../src/image/extension/kind.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';
import { type MergedHierarchy, readMerged } from '../../../src/node/machine/merged.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'merged-'));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  fs.mkdirSync(dirname(join(root, path)), { recursive: true });
  fs.writeFileSync(join(root, path), text);
}

/** The scratch directory's own device stands for that of the overlay. */
function device(): string {
  const { dev } = fs.statSync(root);
  return `${Math.floor(dev / 256) % 4096}:${(dev % 256) + Math.floor(dev / 2 ** 20) * 256}`;
}

/** Marks as systemd leaves them. */
function merge(dev = device()): void {
  write('usr/.systemd-sysext/dev', `${dev}\n`);
  write('usr/.systemd-sysext/extensions', 'b\na\n');
}

function usr(): MergedHierarchy | undefined {
  const [only] = readMerged(nodeHost({ root, environment: {} }), SYSEXT);
  return only;
}

test('nothing is merged without a mark, or where the mark tells another mount', () => {
  expect(usr()).toBeUndefined();
  merge('0:1');
  expect(usr()).toBeUndefined();
});

test('names are those of the mark, in its order', () => {
  merge();
  expect(usr()?.names).toEqual(['b', 'a']);
});

test.each([
  ['read-only', 'ro,relatime - overlay sysext ro,lowerdir=/a:/b', false],
  // Modes that keep nothing leave no work_dir.
  ['ephemeral', 'rw,relatime - overlay sysext rw,lowerdir=/a:/b,upperdir=/c,workdir=/d', true],
  ['remounted read-only', 'ro,relatime - overlay sysext rw,lowerdir=/a:/b,upperdir=/c,workdir=/d', false],
  ['with optional fields', 'rw shared:9 master:2 - overlay sysext rw,lowerdir=/a,upperdir=/c', true],
  ['nonsense', 'rw', false],
])('whether it can be written to is what the kernel says of the mount: %s', (_, line, isMutable) => {
  merge();
  const other = `31 22 0:1 / /usr rw - overlay other rw,upperdir=/c\n`;
  write('proc/self/mountinfo', `${other}32 22 ${device()} / /usr ${line}\n`);
  expect(usr()?.isMutable).toBe(isMutable);
});

test('without /proc a work_dir tells it', () => {
  merge();
  expect(usr()?.isMutable).toBe(false);
  write('usr/.systemd-sysext/work_dir', '/var/lib/extensions.mutable/.usr.work\n');
  expect(usr()?.isMutable).toBe(true);
});
