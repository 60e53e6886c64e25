import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { TimeLimit } from '../../src/boot/time-limit.ts';
import { writeCertificates } from '../../src/boot/write-certificates.ts';
import { openStores } from '../../src/trust/stores/open-stores.ts';
import { ecKey, type Identity, makeIdentity } from '../trust/pki.ts';
import { BootingMachine } from './machine.ts';

let keys: Record<'PK' | 'KEK' | 'one' | 'two', Identity>;
beforeAll(() => {
  keys = {
    PK: makeIdentity('PK'),
    KEK: makeIdentity('KEK'),
    one: makeIdentity('one'),
    two: makeIdentity('two'),
  };
});
let machine: BootingMachine;
beforeEach(() => {
  machine = new BootingMachine();
  machine.enrol('PK', keys.PK.certificate);
  machine.enrol('KEK', keys.KEK.certificate);
  machine.enrol('db', keys.one.certificate, keys.two.certificate);
});
afterEach(() => machine.remove());

const DIRECTORY = 'run/verity.d';
async function write(limit = new TimeLimit(60)) {
  using _ = limit;
  const efivarsDirectory = join(machine.root, 'sys/firmware/efi/efivars');
  return writeCertificates(machine.host(), await openStores({ efivarsDirectory }), limit);
}
const subjects = (): Record<string, string> =>
  Object.fromEntries(
    machine
      .list(DIRECTORY)
      .map((name) => [
        name,
        new X509Certificate(machine.read(`${DIRECTORY}/${name}`)).subject.replace('CN=', ''),
      ]),
  );

test('every certificate of PK, KEK and db is a file in PEM that everybody may read', async () => {
  const { written } = await write();
  expect(subjects()).toEqual({ 'PK0.crt': 'PK', 'KEK0.crt': 'KEK', 'DB0.crt': 'one', 'DB1.crt': 'two' });
  expect(written.map(({ file }) => file)).toContain('/run/verity.d/DB1.crt');
  for (const name of machine.list(DIRECTORY)) {
    expect(fs.statSync(join(machine.root, DIRECTORY, name)).mode & 0o777).toBe(0o644);
  }
});

test('those that are revoked are left out, and taken away where they are from before', async () => {
  await write();
  machine.write(`${DIRECTORY}/mine.crt`, machine.read(`${DIRECTORY}/DB0.crt`));
  machine.enrol('dbx', keys.one.certificate);
  const { problems } = await write();
  expect(machine.list(DIRECTORY)).toEqual(['DB1.crt', 'KEK0.crt', 'PK0.crt', 'mine.crt']);
  expect(problems).toEqual(['db[0] is not written to /run/verity.d: it is in dbx']);
});

test.each<[string, Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]>([
  ['empty', new Uint8Array(), new Uint8Array()],
  ['cut off', Uint8Array.of(1, 2, 3), new Uint8Array()],
  ['no signature list', new Uint8Array(30).fill(0xff), Uint8Array.of(7, 0, 0, 0)],
  ['too large', new Uint8Array(2 * 1024 * 1024), Uint8Array.of(7, 0, 0, 0)],
])('a variable that is %s does not take the others along', async (_, value, attributes) => {
  machine.variable('KEK', value, attributes);
  await write();
  expect(Object.values(subjects()).sort()).toEqual(['PK', 'one', 'two']);
});

test('a variable that is a directory or a link in a circle does not either', async () => {
  const path = join(machine.root, 'sys/firmware/efi/efivars/PK-8be4df61-93ca-11d2-aa0d-00e098032b8c');
  fs.rmSync(path);
  fs.mkdirSync(path);
  await write();
  expect(Object.values(subjects()).sort()).toEqual(['KEK', 'one', 'two']);
  fs.rmdirSync(path);
  fs.symlinkSync(path, path);
  await write();
  expect(Object.values(subjects()).sort()).toEqual(['KEK', 'one', 'two']);
});

test('a certificate that is none does not take its neighbours along, and their names stay', async () => {
  machine.enrol('db', new Uint8Array(100).fill(0x30), keys.two.certificate);
  await write();
  expect(subjects()).toMatchObject({ 'DB1.crt': 'two' });
});

test('as long as nobody can read who is revoked, nobody is trusted', async () => {
  machine.variable('dbx', new Uint8Array(40).fill(1));
  await write();
  expect(machine.list(DIRECTORY)).toEqual([]);
});

test('what there is no time for is not written, and said', async () => {
  let now = 0;
  const limit = new TimeLimit(1, () => now);
  now = 1000;
  expect((await write(limit)).problems).toHaveLength(4);
  expect(machine.list(DIRECTORY)).toEqual([]);
});

test('of very many certificates the first are written', async () => {
  const key = ecKey();
  const many = Array.from({ length: 40 }, (_, index) => makeIdentity(`many${index}`, { key }).certificate);
  machine.enrol('db', ...many);
  const { problems } = await write();
  expect(machine.list(DIRECTORY).filter((name) => name.startsWith('DB'))).toHaveLength(32);
  expect(problems.join()).toMatch(/only the first 32 certificates of DB/);
});
