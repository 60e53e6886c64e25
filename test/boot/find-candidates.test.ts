import fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { byteString, bytesOf } from '../../src/base/byte-string.ts';
import { findCandidates } from '../../src/boot/find-candidates.ts';
import { SYSEXT } from '../../src/image/extension/kind.ts';
import { BootingMachine } from './machine.ts';

const STORE = 'sysroot/var/lib/kairos/extensions';
let machine: BootingMachine;
beforeEach(() => {
  machine = new BootingMachine();
  fs.mkdirSync(join(machine.root, STORE, 'active'), { recursive: true });
});
afterEach(() => machine.remove());

function find(version: number | undefined = 257) {
  using store = machine.host(join(machine.root, 'sysroot')).openDirectory('/var/lib/kairos/extensions')!;
  return findCandidates(store, SYSEXT, ['active', 'common'], version);
}
const found = (version?: number) =>
  find(version).candidates.map(({ profile, entry, image, name, link }) =>
    [profile, entry, image, name, link].join(' '),
  );
const refused = () => Object.fromEntries(find().refused.map(({ entry, refusal }) => [entry, refusal.code]));

test('links to images of the store are found, relative and absolute, and images in the profile itself', () => {
  machine.put(Buffer.from('x'), 'b.sysext.raw', 'common');
  machine.put(Buffer.from('x'), 'a.raw');
  machine.link(`${STORE}/active/a.raw`, '/var/lib/kairos/extensions/a.raw');
  machine.write(`${STORE}/active/own.raw`, 'x');
  expect(found()).toEqual([
    'active a.raw a.raw a a.raw',
    'active own.raw own.raw own own.raw',
    'common b.sysext.raw b.sysext.raw b b.sysext.raw',
  ]);
});

test('a link may give an image another name, which is the one that counts', () => {
  machine.put(Buffer.from('x'), 'k3s_1a2b.sysext.raw');
  machine.link(`${STORE}/active/k3s.sysext.raw`, '../k3s_1a2b.sysext.raw');
  expect(found()).toEqual(['active k3s.sysext.raw k3s_1a2b.sysext.raw k3s k3s.sysext.raw']);
});

test('enabled for the profile and for every boot, it is one', () => {
  machine.put(Buffer.from('x'), 'a.sysext.raw', 'active', 'common');
  expect(found()).toEqual(['active a.sysext.raw a.sysext.raw a a.sysext.raw']);
  expect(refused()).toEqual({});
});

test('to a systemd before 255 the link has a name without the class', () => {
  machine.put(Buffer.from('x'), 'a.sysext.raw', 'active');
  machine.put(Buffer.from('x'), 'b.raw', 'active');
  expect(found(254)).toEqual(['active a.sysext.raw a.sysext.raw a a.raw', 'active b.raw b.raw b b.raw']);
  expect(found(255)[0]).toMatch(/a a.sysext.raw$/);
});

describe('hostile entries', () => {
  test('are each refused for a reason', () => {
    machine.put(Buffer.from('x'), 'good.sysext.raw', 'active');
    const links: Record<string, string> = {
      'loop.raw': 'loop.raw',
      'outside.raw': '/etc/shadow',
      'up.raw': '../../../../etc/shadow',
      'deep.raw': '../common/good.sysext.raw',
      'parent.raw': '../..',
      'self.raw': '../',
      'gone.raw': '../gone.raw',
      'long.raw': `../${'x'.repeat(300)}.raw`,
      'other.confext.raw': '../good.sysext.raw',
      'circle.raw': '../circle.raw',
      'directory.raw': '../active',
      'new\nline.raw': '../good.sysext.raw',
    };
    for (const [name, target] of Object.entries(links)) machine.link(`${STORE}/active/${name}`, target);
    // A link in the store itself, in a circle.
    machine.link(`${STORE}/circle.raw`, 'circle.raw');
    fs.mkdirSync(join(machine.root, STORE, 'active/tree.raw'));
    expect(found()).toHaveLength(1);
    expect(refused()).toEqual({
      'loop.raw': 'foreign-entry',
      'outside.raw': 'foreign-entry',
      'up.raw': 'foreign-entry',
      'deep.raw': 'foreign-entry',
      'parent.raw': 'foreign-entry',
      'self.raw': 'foreign-entry',
      'gone.raw': 'dangling',
      'long.raw': 'unreadable',
      'other.confext.raw': 'bad-name',
      'circle.raw': 'foreign-entry',
      'directory.raw': 'foreign-entry',
      'new\nline.raw': 'bad-name',
    });
  });

  test('a profile that is a link, or a file, has none', () => {
    fs.rmdirSync(join(machine.root, STORE, 'active'));
    machine.link(`${STORE}/active`, '/etc');
    machine.write(`${STORE}/common`, 'x');
    expect(find()).toEqual({ candidates: [], refused: [] });
  });

  test('of any name are found or refused, never both, and every name of a link is one component', () => {
    const bytes = fc
      .uint8Array({ minLength: 1, maxLength: 60 })
      .map((name) => byteString(name).replace(/[/\0]/g, 'x'))
      .map((name) => `${name}.raw`);
    fc.assert(
      fc.property(fc.uniqueArray(bytes, { maxLength: 8 }), (names) => {
        fs.rmSync(join(machine.root, STORE), { recursive: true });
        fs.mkdirSync(join(machine.root, STORE, 'active'), { recursive: true });
        for (const name of names) {
          const path = Buffer.concat([Buffer.from(`${join(machine.root, STORE)}/active/`), bytesOf(name)]);
          fs.writeFileSync(path, 'x');
        }
        const { candidates, refused: left } = find();
        const seen = [...candidates, ...left].map(({ entry }) => entry);
        expect(seen.sort()).toEqual(names.filter((name) => !name.startsWith('.#')).sort());
        for (const { link } of candidates) expect(link).toMatch(/^[^/\0]+\.raw$/);
      }),
      { numRuns: 50 },
    );
  });
});
