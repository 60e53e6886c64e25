import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BootingMachine, buildExtension } from '../boot/machine.ts';
import { IMMUCORE, immucore } from '../support/immucore.ts';
import { changingCalls, killAtCall } from '../support/kill-at-call.ts';
import { succeeded } from '../support/run-command.ts';

const STORE = 'var/lib/kairos/extensions';
const ESP = 'efi/EFI/kairos';

let scratch: string;
/** By their content: the same extension, built three times. */
let images: Record<'first' | 'second' | 'third', string>;
beforeAll(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'boot-kill-'));
  images = {
    first: await buildExtension(scratch, 'app', ['--version-id', '1', '--id', 'debian']),
    second: await buildExtension(scratch, 'app', ['--version-id', '2', '--id', 'debian']),
    third: await buildExtension(scratch, 'app', ['--version-id', '3', '--id', 'debian']),
  };
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

/** A machine with an image in the store, and others of its name beside both unified kernel images. */
function prepare(): BootingMachine {
  const machine = new BootingMachine();
  machine.uki();
  machine.put(images.first, 'app.sysext.raw', 'common');
  machine.write(`${ESP}/active.efi.extra.d/app.sysext.raw`, fs.readFileSync(images.second));
  machine.write(`${ESP}/passive.efi.extra.d/app.sysext.raw`, fs.readFileSync(images.third));
  return machine;
}

/** Where each content is: in the store by a profile, or still where it was. */
function placesOf(machine: BootingMachine): string[] {
  const directories = [
    ...['active', 'passive', 'common'].map((profile) => [profile, `${STORE}/${profile}`] as const),
    ...['active', 'passive'].map((profile) => [profile, `${ESP}/${profile}.efi.extra.d`] as const),
  ];
  const found = directories.flatMap(([profile, path]) =>
    machine
      .list(path)
      .filter((name) => !name.startsWith('.#'))
      .map((name) => {
        const content = fs.readFileSync(join(machine.root, path, name));
        const same = Object.entries(images).find(([, image]) => content.equals(fs.readFileSync(image)));
        return `${profile} ${same?.[0] ?? 'damaged'}`;
      }),
  );
  return [...new Set(found)].sort();
}

const ALL = ['active second', 'common first', 'passive third'];

test('killed at any system call, no image is lost or damaged, and the next boot ends it', async () => {
  const whole = prepare();
  const calls = await changingCalls(IMMUCORE, ['--root', whole.root], join(scratch, 'strace'));
  expect(placesOf(whole)).toEqual(ALL);
  whole.remove();
  let kills = 0;
  for (const [call, count] of calls) {
    for (let when = 1; when <= count; when++) {
      const machine = prepare();
      const { status } = await killAtCall(call, when, IMMUCORE, ['--root', machine.root]);
      if (status !== 0) kills += 1;
      expect(placesOf(machine), `${call} ${when}`).toEqual(ALL);
      // What is in /run is gone with the boot that was killed.
      fs.rmSync(join(machine.root, 'run'), { recursive: true, force: true });
      succeeded(await immucore(['--root', machine.root]));
      expect(placesOf(machine), `${call} ${when}`).toEqual(ALL);
      expect(machine.list(`${ESP}/active.efi.extra.d`)).toEqual([]);
      expect(machine.list(`${ESP}/passive.efi.extra.d`)).toEqual([]);
      const left = machine.list(STORE).filter((name) => name.startsWith('.#'));
      expect(left).toEqual(['.#lock']);
      machine.remove();
    }
  }
  expect(kills).toBeGreaterThan(20);
}, 600_000);
