import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY_VARIABLE_ATTRIBUTES } from '../../src/trust/efi/authenticated-variable/layout.ts';
import { KEY_VARIABLE_VENDORS } from '../../src/trust/efi/key-variables.ts';
import { type GeneratedKey, generateKeys } from '../../src/trust/genkey.ts';
import { bootVirtualMachine, type VirtualMachineRun } from '../support/virtual-machine.ts';

const owners = ['own', 'stranger'] as const;
/** efivarfs has the attributes before the value, and takes both in one write. */
const attributes = Buffer.from(Uint32Array.of(KEY_VARIABLE_ATTRIBUTES).buffer);

let directory: string;
let own: readonly GeneratedKey[];
let run: VirtualMachineRun;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-enroll-');
  const files: { guest: string; host: string }[] = [];
  for (const name of owners) {
    const { keys } = await generateKeys({ name, directory: join(directory, name) });
    if (name === 'own') own = keys;
    for (const { variable, files: paths } of keys) {
      const host = join(directory, `${name}-${variable}`);
      await writeFile(host, Buffer.concat([attributes, await readFile(paths.authenticatedVariable)]));
      files.push({ guest: `/updates/${name}/${variable}`, host });
    }
  }
  run = await bootVirtualMachine({
    secureBootFirmware: true,
    files,
    timeout: 300,
    script: `
      cd /sys/firmware/efi/efivars
      PK=PK-${KEY_VARIABLE_VENDORS.PK}
      KEK=KEK-${KEY_VARIABLE_VENDORS.KEK}
      db=db-${KEY_VARIABLE_VENDORS.db}
      setup_mode() { tail -c 1 SetupMode-${KEY_VARIABLE_VENDORS.PK} | od -An -tu1; }
      # A write that was refused leaves an empty file behind, immutable as all of them.
      write() { { [ ! -e "$2" ] || chattr -i "$2"; } && dd "if=/updates/$1" "of=$2" bs=1M conv=notrunc; }
      step 'setup mode before' setup_mode
      step 'KEK as PK' write own/KEK $PK
      step 'own PK' write own/PK $PK
      step 'setup mode after' setup_mode
      step 'stranger KEK' write stranger/KEK $KEK
      step 'own KEK' write own/KEK $KEK
      step 'stranger db' write stranger/db $db
      step 'own db' write own/db $db
      step 'stranger PK' write stranger/PK $PK
      step 'own PK again' write own/PK $PK
      step 'value of PK' base64 -w0 $PK
      step 'value of KEK' base64 -w0 $KEK
      step 'value of db' base64 -w0 $db
    `,
  });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const refused = { status: 1, stderr: expect.stringContaining('Permission denied') };

describe.each(['PK', 'KEK', 'db'] as const)(
  'firmware in setup mode, given the files of genkey: %s',
  (variable) => {
    it('is enrolled', () => expect(run.step(`own ${variable}`)).toMatchObject({ status: 0 }));

    it('reads back as the signature list', async () => {
      const key = own.find((candidate) => candidate.variable === variable);
      const list = await readFile(key?.files.signatureList ?? '');
      const value = Buffer.from(run.step(`value of ${variable}`).stdout, 'base64');
      expect(value).toEqual(Buffer.concat([attributes, list]));
    });

    it('is refused when it is another owner’s, once PK is enrolled', () => {
      expect(run.step(`stranger ${variable}`)).toMatchObject(refused);
    });
  },
);

it('leaves setup mode with PK', () => {
  expect(run.step('setup mode before').stdout.trim()).toBe('1');
  expect(run.step('setup mode after').stdout.trim()).toBe('0');
});

it('refuses the update of another variable as PK', () => {
  expect(run.step('KEK as PK')).toMatchObject(refused);
});

it('refuses an update a second time, as its time stamp is not later', () => {
  expect(run.step('own PK again')).toMatchObject(refused);
});
