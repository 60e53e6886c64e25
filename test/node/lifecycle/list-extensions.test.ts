import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ByteSource } from '../../../src/image/byte-source.ts';
import { SYSEXT } from '../../../src/image/extension/kind.ts';
import type { Host, HostDirectory } from '../../../src/node/host/host.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';
import { enableExtension } from '../../../src/node/lifecycle/change-extension.ts';
import { listExtensions } from '../../../src/node/lifecycle/list-extensions.ts';
import { auroraboot } from '../../support/auroraboot.ts';
import { succeeded } from '../../support/run-command.ts';

const SIZE = 20_000_000;

let root: string;
beforeEach(async () => {
  root = fs.mkdtempSync(join(tmpdir(), 'list-'));
  const tree = join(root, 'tree/usr/share');
  fs.mkdirSync(tree, { recursive: true });
  fs.writeFileSync(join(tree, 'data'), Buffer.alloc(SIZE, 'data '));
  const flags = ['--quiet', '--compression', 'none', '--output', join(root, 'var/lib/kairos/extensions')];
  succeeded(await auroraboot(['sysext', ...flags, 'large-v1.2.3', `dir:${join(root, 'tree')}`]));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

/** A host that counts what is read of each file. */
function countingHost(host: Host): { readonly host: Host; readonly bytes: Map<string, number> } {
  const bytes = new Map<string, number>();
  const counted = (name: string, source: ByteSource): ByteSource => ({
    ...source,
    read(offset, length) {
      bytes.set(name, (bytes.get(name) ?? 0) + length);
      return source.read(offset, length);
    },
    ...(source.readInto && {
      readInto(offset: number, target: Uint8Array) {
        bytes.set(name, (bytes.get(name) ?? 0) + target.length);
        return source.readInto!(offset, target);
      },
    }),
  });
  const opened = (directory: HostDirectory): HostDirectory =>
    new Proxy(directory, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const result: unknown = value.apply(target, args);
          if (key !== 'openFile' || result === undefined) return result;
          const reader = result as NonNullable<ReturnType<HostDirectory['openFile']>>;
          const name = String(args[0]);
          return {
            status: reader.status,
            head: counted(name, reader.head),
            content: counted(name, reader.content),
            [Symbol.dispose]: () => reader[Symbol.dispose](),
          };
        };
      },
    });
  const openDirectory: Host['openDirectory'] = (path, options) => {
    const directory = host.openDirectory(path, options);
    return directory && opened(directory);
  };
  return { host: { ...host, openDirectory }, bytes };
}

test('of an image only a few blocks are read, and none where the index knows it', async () => {
  const machine = nodeHost({ root, environment: {} });
  const expected = [{ name: 'large-v1.2.3', version: '1.2.3', problem: null }];
  const first = countingHost(machine);
  expect(await listExtensions(first.host, SYSEXT)).toMatchObject(expected);
  const read = first.bytes.get('large-v1.2.3.sysext.raw')!;
  expect(read).toBeGreaterThan(1000);
  expect(read).toBeLessThan(SIZE / 20);

  // Every change writes the index.
  const request = { kind: SYSEXT, name: 'large', now: false, dryRun: false } as const;
  await enableExtension(machine, { ...request, profile: 'active' });
  const second = countingHost(machine);
  expect(await listExtensions(second.host, SYSEXT)).toMatchObject(expected);
  expect([...second.bytes.keys()]).toEqual(['.#facts.json']);

  // Another file of that name is read anew.
  fs.writeFileSync(join(root, 'var/lib/kairos/extensions/large-v1.2.3.sysext.raw'), 'no image');
  expect(await listExtensions(machine, SYSEXT)).toMatchObject([{ problem: expect.stringMatching(/image/) }]);
});
