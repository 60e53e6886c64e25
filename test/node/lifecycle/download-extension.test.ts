import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SYSEXT } from '../../../src/image/extension/kind.ts';
import type { Host } from '../../../src/node/host/host.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';
import { type DownloadRequest, downloadExtension } from '../../../src/node/lifecycle/download-extension.ts';
import { auroraboot } from '../../support/auroraboot.ts';
import { type KeyPair, makeKeyPair } from '../../support/key-pair.ts';
import { succeeded } from '../../support/run-command.ts';
import { failsWith, faultyHost } from '../faulty-host.ts';

let scratch: string;
let image: string;
let other: string;
let signer: KeyPair;
let signed: string;
beforeAll(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'download-'));
  signer = await makeKeyPair(scratch, 'vendor', 'p-256');
  image = await build('first');
  other = await build('second');
  signed = await build('signed', ['--private-key', signer.key, '--certificate', signer.certificate]);
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

/** Builds an image of the name app that holds some text. */
async function build(text: string, flags: readonly string[] = []): Promise<string> {
  const tree = join(scratch, `${text}.tree`);
  fs.mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  fs.writeFileSync(join(tree, 'usr/bin/app'), text);
  const where = ['--output', join(scratch, text), 'app', `dir:${tree}`];
  return succeeded(await auroraboot(['sysext', '--quiet', ...flags, ...where])).stdout.trim();
}

let root: string;
let store: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(scratch, 'root-'));
  store = join(root, 'var/lib/kairos/extensions');
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const machine = () => nodeHost({ root, environment: {} });
const download = (uri: string, options: Partial<DownloadRequest> = {}, host: Host = machine()) =>
  downloadExtension(host, { kind: SYSEXT, uri, force: false, ...options });
const content = (name = 'app.sysext.raw') => fs.readFileSync(join(store, name));
const digest = (path: string) => createHash('sha256').update(fs.readFileSync(path)).digest('hex');

describe('what is in the store already', () => {
  beforeEach(() => download(`file://${image}`));
  const own = () => `file://${join(store, 'app.sysext.raw')}`;

  test('stays as it is when it comes again, also from the store itself', async () => {
    for (const uri of [`file://${image}`, own()]) {
      const before = fs.statSync(join(store, 'app.sysext.raw'));
      expect(await download(uri, { force: true })).toMatchObject({ outcome: 'unchanged' });
      expect(fs.statSync(join(store, 'app.sysext.raw'))).toEqual(before);
    }
    expect(content().equals(fs.readFileSync(image))).toBe(true);
  });
  test('has the digest that is asked for, or is refused', async () => {
    expect(await download(own(), { sha256: digest(image) })).toMatchObject({ outcome: 'unchanged' });
    await expect(download(own(), { sha256: digest(other) })).rejects.toMatchObject({
      code: 'digest-mismatch',
      exitCode: 3,
    });
  });
  test('is copied where another name is given', async () => {
    expect(await download(own(), { name: 'app_2.raw' })).toMatchObject({
      fileName: 'app_2.raw',
      outcome: 'added',
    });
    expect(content('app_2.raw').equals(content())).toBe(true);
  });
  test('is replaced by other content only when that is wanted, and who reads it keeps it', async () => {
    await expect(download(`file://${other}`)).rejects.toMatchObject({ code: 'exists', exitCode: 1 });
    const reader = fs.openSync(join(store, 'app.sysext.raw'), 'r');
    expect(await download(`file://${other}`, { force: true })).toMatchObject({ outcome: 'replaced' });
    expect(content().equals(fs.readFileSync(other))).toBe(true);
    expect(fs.readFileSync(reader).equals(fs.readFileSync(image))).toBe(true);
    fs.closeSync(reader);
  });
});

test.each([
  ['', {}],
  ['https://example.org/', {}],
  ['https://example.org/app.img', {}],
  ['https://example.org/app.raw', { name: '../app.raw' }],
])('a wrong %j with %j touches nothing', async (uri, options) => {
  await expect(download(uri, options)).rejects.toMatchObject({ exitCode: 2 });
  expect(fs.readdirSync(root)).toEqual([]);
});

test('what an interrupted download left makes room for the next one', async () => {
  fs.mkdirSync(store, { recursive: true });
  for (const name of ['.#lost.raw.part', '.#old.raw.part', '.#old.raw.from'])
    fs.writeFileSync(join(store, name), 'x');
  const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
  for (const name of ['.#old.raw.part', '.#old.raw.from']) fs.utimesSync(join(store, name), longAgo, longAgo);
  await expect(download('file:///nowhere/app.raw')).rejects.toMatchObject({ code: 'not-found' });
  expect(fs.readdirSync(store)).toEqual(['.#lock']);
});

test('what is no file where partial ones are stands in the way of nobody else', async () => {
  fs.mkdirSync(store, { recursive: true });
  fs.symlinkSync('/etc/passwd', join(store, '.#other.raw.part'));
  fs.mkdirSync(join(store, '.#odd.raw.part'));
  expect(await download(`file://${image}`)).toMatchObject({ outcome: 'added' });
  expect(fs.readlinkSync(join(store, '.#other.raw.part'))).toBe('/etc/passwd');
});

describe.each(['ENOSPC', 'EROFS', 'EIO'])('%s in any call', (code) => {
  test.each([
    ['of a download', false],
    ['of one that replaces an image', true],
  ])('%s leaves the store as it was or as it will be', async (_, replaces) => {
    for (let n = 1; ; n++) {
      fs.rmSync(store, { recursive: true, force: true });
      if (replaces) await download(`file://${image}`);
      const host = faultyHost(machine(), n, failsWith(code));
      const error: unknown = await download(`file://${other}`, { force: replaces }, host).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (host.calls.length < n) break;
      const images = fs.existsSync(store)
        ? fs.readdirSync(store).filter((name) => !name.startsWith('.'))
        : [];
      if (error !== undefined) expect(String(error)).toContain(code);
      const found = images.map((name) => (content(name).equals(fs.readFileSync(image)) ? 'old' : 'new'));
      const allowed = replaces ? [['old'], ['new']] : [[], ['new']];
      expect(error === undefined ? [['new']] : allowed).toContainEqual(found);
      expect(await download(`file://${other}`, { force: replaces })).toMatchObject({
        fileName: 'app.sysext.raw',
      });
      expect(fs.readdirSync(store).filter((name) => /part|from/.test(name))).toEqual([]);
    }
  });
});

describe('where signatures are demanded', () => {
  const write = (path: string, text: string): void => {
    fs.mkdirSync(join(root, path, '..'), { recursive: true });
    fs.writeFileSync(join(root, path), text);
  };
  test.each<[string, () => void, hint: RegExp]>([
    [
      'by Trusted Boot',
      () => write('proc/cmdline', 'rd.immucore.uki'),
      /certificates in \/etc\/kairos\/sysext\.yaml, or enrol it in db; .* because this is Trusted Boot$/,
    ],
    [
      'by the configuration',
      () => write('etc/kairos/sysext.yaml', 'require_signatures: true\n'),
      /certificates in \/etc\/kairos\/sysext\.yaml, or put it into \/etc\/verity\.d; .* the configuration demands/,
    ],
  ])('%s, an image by a stranger, or by nobody, never gets its name', async (_, demand, hint) => {
    demand();
    await expect(download(`file://${signed}`)).rejects.toMatchObject({
      code: 'refused',
      exitCode: 3,
      message: expect.stringMatching(
        /^app\.sysext\.raw is refused: the signer is none of those who are trusted/,
      ),
      hint: expect.stringMatching(hint),
    });
    await expect(download(`file://${image}`)).rejects.toMatchObject({
      message: expect.stringMatching(/not signed/),
      exitCode: 3,
    });
    expect(fs.readdirSync(store)).toEqual(['.#lock']);
  });
  test('an image by a configured signer is taken', async () => {
    write('proc/cmdline', 'rd.immucore.uki');
    write('etc/kairos/sysext.yaml', 'certificates: [/signer.pem]\n');
    fs.copyFileSync(signer.certificate, join(root, 'signer.pem'));
    expect(await download(`file://${signed}`)).toMatchObject({ outcome: 'added' });
  });
});
