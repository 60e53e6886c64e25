import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../../src/boot/migrate.ts';
import { TimeLimit } from '../../src/boot/time-limit.ts';
import { SYSEXT } from '../../src/image/extension/kind.ts';
import type { Host } from '../../src/node/host/host.ts';
import { nodeHost } from '../../src/node/host/node-host.ts';
import { readStore } from '../../src/node/store/store-contents.ts';
import { failsWith, faultyHost } from '../node/faulty-host.ts';
import { BootingMachine } from './machine.ts';

const ESP = 'efi/EFI/kairos';
const STORE = 'var/lib/kairos/extensions';

let machine: BootingMachine;
beforeEach(() => {
  machine = new BootingMachine();
});
afterEach(() => machine.remove());

const host = (): Host => nodeHost({ root: machine.root, environment: {} });
async function run(on: Host = host(), limit = new TimeLimit(60)): Promise<string[]> {
  using _ = limit;
  const migrated = await migrate(on, limit);
  return migrated.map(
    ({ from, outcome, file, reason }) =>
      `${from.split('/').slice(4).join('/')}: ${outcome} ${file ?? reason}`,
  );
}
const put = (profile: string, name: string, content: string): void =>
  machine.write(`${ESP}/${profile}.efi.extra.d/${name}`, content);
const images = (): Record<string, string> =>
  Object.fromEntries(
    readStore(host(), SYSEXT).images.map(({ fileName, profiles }) => [
      `${fileName} ${profiles.join()}`.trim(),
      machine.read(`${STORE}/${fileName}`),
    ]),
  );
const digits = (content: string): string => createHash('sha256').update(content).digest('hex').slice(0, 8);

test('images move into the store, and are enabled for the profile they were beside', async () => {
  put('active', 'a.sysext.raw', 'A');
  put('active', 'dns.confext.raw', 'D');
  put('passive', 'b.sysext.raw', 'B');
  expect(await run()).toEqual([
    'active.efi.extra.d/a.sysext.raw: moved a.sysext.raw',
    'active.efi.extra.d/dns.confext.raw: moved dns.confext.raw',
    'passive.efi.extra.d/b.sysext.raw: moved b.sysext.raw',
  ]);
  expect(images()).toEqual({ 'a.sysext.raw active': 'A', 'b.sysext.raw passive': 'B' });
  expect(machine.links('var/lib/kairos/confexts/active')).toEqual({
    'dns.confext.raw': '../dns.confext.raw',
  });
  expect(machine.list(`${ESP}/active.efi.extra.d`)).toEqual([]);
  expect(fs.statSync(`${machine.root}/${STORE}/a.sysext.raw`).mode & 0o777).toBe(0o644);
  expect(await run()).toEqual([]);
});

test('the same content is kept once, other content of the same name apart', async () => {
  put('active', 'same.sysext.raw', 'S');
  put('passive', 'same.sysext.raw', 'S');
  put('active', 'k3s.sysext.raw', 'new');
  put('passive', 'k3s.sysext.raw', 'old');
  await run();
  expect(images()).toEqual({
    'same.sysext.raw active,passive': 'S',
    'k3s.sysext.raw active': 'new',
    [`k3s_${digits('old')}.sysext.raw passive`]: 'old',
  });
  // An installer that puts the same there again adds nothing.
  put('passive', 'k3s.sysext.raw', 'old');
  expect(await run()).toEqual([`passive.efi.extra.d/k3s.sysext.raw: shared k3s_${digits('old')}.sysext.raw`]);
});

test('where the release file would not fit another name, the link keeps the one it had', async () => {
  const name = 'k3s-v1.29.2+k3s1.sysext.raw';
  put('active', name, 'new');
  put('passive', name, 'old');
  await run();
  expect(machine.links(`${STORE}/passive`)).toEqual({
    [name]: `../k3s-v1.29.2+k3s1_${digits('old')}.sysext.raw`,
  });
});

describe('what is left', () => {
  test('is what systemd could never use, and what is no image', async () => {
    put('active', '.#x.sysext.raw', 'X');
    put('active', 'notes.txt', 'N');
    put('active', 'plain.raw', 'P');
    fs.mkdirSync(`${machine.root}/${ESP}/active.efi.extra.d/d.sysext.raw`);
    fs.symlinkSync('/etc/passwd', `${machine.root}/${ESP}/active.efi.extra.d/l.sysext.raw`);
    const left = await run();
    expect(left).toHaveLength(3);
    expect(left.join('\n')).toMatch(/begins with a dot.*no regular file.*symbolic link/s);
    expect(images()).toEqual({});
  });

  test('is everything, where the store is in memory: it would be lost with the next boot', async () => {
    put('active', 'a.sysext.raw', 'A');
    const inMemory = (): Host => {
      const real = host();
      const wrap = (directory: ReturnType<Host['openDirectory']>) =>
        directory &&
        new Proxy(directory, {
          get(target, key) {
            if (key === 'fileSystem') return () => 0x01021994;
            const value = Reflect.get(target, key, target) as unknown;
            if (typeof value !== 'function') return value;
            return (...args: unknown[]) => {
              const result = value.apply(target, args) as unknown;
              return key === 'openDirectory' ? wrap(result as ReturnType<Host['openDirectory']>) : result;
            };
          },
        });
      return { ...real, isRunning: true, openDirectory: (...args) => wrap(real.openDirectory(...args)) };
    };
    expect((await run(inMemory())).join()).toMatch(/left .* is in memory/);
    expect(machine.list(`${ESP}/active.efi.extra.d`)).toEqual(['a.sysext.raw']);
    expect(images()).toEqual({});
  });

  test('is what there is no time for', async () => {
    put('active', 'a.sysext.raw', 'A');
    let now = 0;
    const limit = new TimeLimit(1, () => now);
    now = 1000;
    expect((await run(host(), limit)).join()).toMatch(/left there was no time for it/);
    expect(images()).toEqual({});
    expect(await run()).toEqual(['active.efi.extra.d/a.sysext.raw: moved a.sysext.raw']);
  });
});

class Killed extends Error {}

describe('interrupted anywhere', () => {
  const prepare = (): void => {
    put('active', 'k3s.sysext.raw', 'new');
    put('passive', 'k3s.sysext.raw', 'old');
    put('passive', 'b+1.sysext.raw', 'B');
    machine.put(Buffer.from('other'), 'b+1.sysext.raw');
    fs.cpSync(`${machine.root}/sysroot/var`, `${machine.root}/var`, { recursive: true });
  };
  /** The contents that the profiles lead to. */
  const reached = (): string[] =>
    ['active', 'passive'].flatMap((profile) =>
      Object.keys(machine.links(`${STORE}/${profile}`))
        .filter((name) => !name.startsWith('.#'))
        .map((name) => `${profile} ${machine.read(`${STORE}/${profile}/${name}`)}`),
    );
  const all = ['active new', 'passive B', 'passive old'];

  const kill = () => {
    throw new Killed();
  };
  test.each([
    ['killed', kill, 'ever after', 2],
    ['the disk full once', failsWith('ENOSPC'), 'once', 3],
    ['the disk full for good', failsWith('ENOSPC'), 'ever after', 5],
  ] as const)('%s, no image is lost, and the next boot ends it', async (_, fault, times, step) => {
    prepare();
    const counting = faultyHost(host(), 0, fault);
    await run(counting);
    const count = counting.calls.length;
    expect(count).toBeGreaterThan(20);
    // Every call of a real process is test/integration's.
    for (let n = 1; n <= count; n += step) {
      machine.remove();
      machine = new BootingMachine();
      prepare();
      try {
        await run(faultyHost(host(), n, fault, times));
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
      // What is not reached by a profile is still where it was.
      const there = ['active', 'passive'].flatMap((profile) =>
        machine
          .list(`${ESP}/${profile}.efi.extra.d`)
          .map((name) => `${profile} ${machine.read(`${ESP}/${profile}.efi.extra.d/${name}`)}`),
      );
      expect([...new Set([...reached(), ...there])].sort()).toEqual(all);
      await run();
      expect(reached().sort()).toEqual(all);
      expect(machine.list(`${ESP}/passive.efi.extra.d`)).toEqual([]);
      expect(machine.list(STORE).filter((name) => name.startsWith('.#') && name !== '.#lock')).toEqual([]);
    }
  });
});
