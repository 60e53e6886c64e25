import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SYSEXT } from '../../../src/image/extension/kind.ts';
import { NodeError } from '../../../src/node/error.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';
import { removedName } from '../../../src/node/store/layout.ts';
import { Store } from '../../../src/node/store/store.ts';
import { readStore } from '../../../src/node/store/store-contents.ts';
import { failsWith, faultyHost } from '../faulty-host.ts';

let root: string;
let store: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'store-'));
  store = join(root, 'var/lib/kairos/extensions');
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const host = () => nodeHost({ root, environment: process.env });

function putImage(name: string, content = name): void {
  fs.mkdirSync(store, { recursive: true });
  fs.writeFileSync(join(store, name), content);
}

const enabled = () =>
  readStore(host(), SYSEXT).images.map(({ fileName, profiles }) => `${fileName}:${profiles.join()}`);

test('an empty machine has an empty store, which no reader makes', () => {
  expect(readStore(host(), SYSEXT)).toEqual({ kind: SYSEXT, images: [], strangers: [] });
  expect(fs.readdirSync(root)).toEqual([]);
});

test('images are enabled, disabled and removed', async () => {
  putImage('a.sysext.raw');
  putImage('b.raw');
  using opened = await Store.open(host(), SYSEXT);
  opened.enable('a.sysext.raw', 'active');
  opened.enable('a.sysext.raw', 'common');
  opened.enable('a.sysext.raw', 'common');
  opened.enable('b.raw', 'recovery');
  expect(enabled()).toEqual(['a.sysext.raw:active,common', 'b.raw:recovery']);
  expect(fs.readlinkSync(join(store, 'active/a.sysext.raw'))).toBe('../a.sysext.raw');
  expect(opened.disable('a.sysext.raw', 'active')).toBe(true);
  expect(opened.disable('a.sysext.raw', 'active')).toBe(false);
  expect(opened.disable('a.sysext.raw', 'passive')).toBe(false);
  opened.remove('a.sysext.raw');
  expect(enabled()).toEqual(['b.raw:recovery']);
  expect(opened.contents().strangers).toEqual([]);
  expect(fs.readdirSync(join(store, 'common'))).toEqual([]);
});

test('an image replaces another in one step, and who reads the other keeps it', async () => {
  putImage('a.raw', 'old');
  using opened = await Store.open(host(), SYSEXT);
  using reader = opened.directory.openFile('a.raw')!;
  {
    await using writer = opened.directory.openWriter('.#a.raw.part', { existing: false });
    await writer.write(Buffer.from('new'));
  }
  opened.add('.#a.raw.part', 'a.raw');
  expect(Buffer.from(await reader.content.read(0, 3)).toString()).toBe('old');
  expect(fs.readFileSync(join(store, 'a.raw'), 'utf8')).toBe('new');
});

test('links that other agents made, with the whole path, count', () => {
  putImage('a.raw');
  fs.mkdirSync(join(store, 'passive'));
  fs.symlinkSync('/var/lib/kairos/extensions/a.raw', join(store, 'passive/a.raw'));
  expect(enabled()).toEqual(['a.raw:passive']);
});

describe('what others put into the store', () => {
  test('is told and never touched', async () => {
    putImage('a.raw');
    for (const profile of ['active', 'common']) fs.mkdirSync(join(store, profile));
    fs.symlinkSync('../gone.raw', join(store, 'active/gone.raw'));
    fs.symlinkSync('/etc/shadow', join(store, 'active/a.raw'));
    fs.writeFileSync(join(store, 'common/b.raw'), '');
    fs.symlinkSync('/etc', join(store, 'recovery'));
    fs.symlinkSync('a.raw', join(store, 'link.raw'));
    fs.writeFileSync(join(store, 'note\n.txt'), '');
    const found = readStore(host(), SYSEXT).strangers.map(
      ({ profile, name, problem }) => `${profile ?? ''}/${name} ${problem}`,
    );
    expect(found.sort()).toEqual([
      '/link.raw foreign-file',
      '/note\n.txt foreign-file',
      '/recovery no-directory',
      'active/a.raw foreign-link',
      'active/gone.raw dangling',
      'common/b.raw foreign-file',
    ]);
    using opened = await Store.open(host(), SYSEXT);
    expect(() => opened.enable('a.raw', 'active')).toThrow(/not a link that kairos-agent made/);
    expect(() => opened.disable('a.raw', 'active')).toThrow(/not a link that kairos-agent made/);
    expect(() => opened.enable('a.raw', 'recovery')).toThrow(/it is no directory/);
    expect(fs.readlinkSync(join(store, 'active/a.raw'))).toBe('/etc/shadow');
  });

  test('a store that is a link is not written to', async () => {
    fs.mkdirSync(join(root, 'var/lib/kairos'), { recursive: true });
    fs.mkdirSync(join(root, 'outside'));
    fs.symlinkSync('/outside', store);
    await expect(Store.open(host(), SYSEXT)).rejects.toThrow(NodeError);
    expect(fs.readdirSync(join(root, 'outside'))).toEqual([]);
  });
});

describe('after an interruption', () => {
  test('a removal that had begun is seen as done, and is finished by whoever comes next', async () => {
    putImage('a.raw');
    {
      using opened = await Store.open(host(), SYSEXT);
      opened.enable('a.raw', 'active');
    }
    fs.renameSync(join(store, 'a.raw'), join(store, removedName('a.raw')));
    expect(readStore(host(), SYSEXT)).toMatchObject({ images: [], strangers: [] });
    using _ = await Store.open(host(), SYSEXT);
    expect(fs.readdirSync(store).sort()).toEqual(['.#lock', 'active']);
    expect(fs.readdirSync(join(store, 'active'))).toEqual([]);
  });

  type Change = (opened: Store) => void;
  const changes: [string, before: string[], after: string[], change: Change][] = [
    ['enable', ['a.raw:active'], ['a.raw:active,common'], (opened) => opened.enable('a.raw', 'common')],
    ['disable', ['a.raw:active'], ['a.raw:'], (opened) => opened.disable('a.raw', 'active')],
    ['remove', ['a.raw:active'], [], (opened) => opened.remove('a.raw')],
  ];
  test.each(changes)(
    'by a fault in any call of %s, the store is the old or the new',
    async (_, before, after, change) => {
      for (let n = 1; ; n++) {
        fs.rmSync(store, { recursive: true, force: true });
        putImage('a.raw');
        {
          using opened = await Store.open(host(), SYSEXT);
          opened.enable('a.raw', 'active');
        }
        const faulty = faultyHost(host(), n, failsWith('EIO'));
        let failed = false;
        try {
          using opened = await Store.open(faulty, SYSEXT);
          change(opened);
        } catch (error) {
          expect(error).toBeInstanceOf(NodeError);
          failed = true;
        }
        if (!failed) {
          expect(faulty.calls.length).toBeGreaterThan(3);
          expect(enabled()).toEqual(after);
          break;
        }
        expect([before, after]).toContainEqual(enabled());
        expect(readStore(host(), SYSEXT).strangers).toEqual([]);
        using opened = await Store.open(host(), SYSEXT);
        expect([before, after]).toContainEqual(enabled());
        if (enabled().length > 0) change(opened);
        expect(fs.readdirSync(store).filter((name) => name.startsWith('.#'))).toEqual(['.#lock']);
      }
    },
  );
});

test('one agent changes the store at a time', async () => {
  const first = await Store.open(host(), SYSEXT);
  let isOpen = false;
  const second = Store.open(host(), SYSEXT).then((opened) => {
    isOpen = true;
    return opened;
  });
  await new Promise((done) => setTimeout(done, 100));
  expect(isOpen).toBe(false);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
});
