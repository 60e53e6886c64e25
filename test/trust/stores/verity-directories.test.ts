import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pem } from '../../../src/trust/pem.ts';
import { fingerprintOf } from '../../../src/trust/signer-identity.ts';
import { VERITY_DIRECTORIES, verityDirectories } from '../../../src/trust/stores/verity-directories.ts';
import { fingerprint, type Identity, makeIdentity } from '../pki.ts';

let scratch: string;
let directories: [etc: string, run: string];
let first: Identity;
let second: Identity;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'verity-directories-'));
  first = makeIdentity('first');
  second = makeIdentity('second');
});
afterAll(() => rmSync(scratch, { recursive: true }));
let count = 0;
beforeEach(() => {
  directories = [join(scratch, `${++count}-etc`), join(scratch, `${count}-run`)];
  for (const directory of directories) mkdirSync(directory);
});

const text = ({ certificate }: Identity) => pem('CERTIFICATE', certificate);
const put = (directory: 0 | 1, name: string, content: string | Uint8Array) =>
  writeFileSync(join(directories[directory], name), content);
async function trusted() {
  const { certificates, findings } = await verityDirectories(directories);
  return {
    fingerprints: certificates.map(({ certificate }) => fingerprintOf(certificate.x509)),
    sources: certificates.map(({ source }) => source.slice(scratch.length + 3)),
    problems: findings.map(({ message }) => message.slice(scratch.length + 3)),
    certificates,
    findings,
  };
}

test('systemd’s directories in systemd’s order', () => {
  expect(VERITY_DIRECTORIES).toEqual([
    '/etc/verity.d',
    '/run/verity.d',
    '/usr/local/lib/verity.d',
    '/usr/lib/verity.d',
  ]);
});

test('files called *.crt in the order of their names, each with where it is from', async () => {
  put(1, 'a.crt', text(second));
  put(0, 'b.crt', text(first));
  put(0, 'c.pem', text(first));
  put(0, '.hidden.crt', text(first));
  const { certificates, fingerprints, findings } = await trusted();
  expect(fingerprints).toEqual([fingerprint(second), fingerprint(first)]);
  expect(certificates).toMatchObject([
    { store: 'verity.d', source: join(directories[1], 'a.crt'), isAnchor: false },
    { store: 'verity.d', source: join(directories[0], 'b.crt'), isAnchor: false },
  ]);
  expect(findings).toEqual([]);
});

test('no directory, no certificates', async () => {
  expect(await verityDirectories([join(scratch, 'nowhere')])).toEqual({ certificates: [], findings: [] });
});

test('of the same name the one in the earlier directory', async () => {
  put(0, 'key.crt', text(first));
  put(1, 'key.crt', text(second));
  expect((await trusted()).fingerprints).toEqual([fingerprint(first)]);
});

describe('a mask in an earlier directory hides, without a word:', () => {
  test.each([
    ['an empty file', () => put(0, 'key.crt', '')],
    ['a link to /dev/null', () => symlinkSync('/dev/null', join(directories[0], 'key.crt'))],
    [
      'a link to an empty file',
      () => {
        put(0, 'nothing', '');
        symlinkSync('nothing', join(directories[0], 'key.crt'));
      },
    ],
  ])('%s', async (_name, mask) => {
    mask();
    put(1, 'key.crt', text(second));
    expect(await trusted()).toMatchObject({ fingerprints: [], findings: [] });
  });

  test('but nothing in a later one', async () => {
    put(0, 'key.crt', text(first));
    put(1, 'key.crt', '');
    expect((await trusted()).fingerprints).toEqual([fingerprint(first)]);
  });
});

describe('what is no file neither counts nor hides, and is told:', () => {
  test.each([
    ['a directory', (path: string) => mkdirSync(path), 'it is no file'],
    ['a pipe, which nobody opens', (path: string) => execFileSync('mkfifo', [path]), 'it is no file'],
    ['a link to nothing', (path: string) => symlinkSync('nothing', path), 'no such file or directory'],
    ['a link to itself', (path: string) => symlinkSync('key.crt', path), 'ELOOP'],
  ])('%s', async (_name, make, problem) => {
    make(join(directories[0], 'key.crt'));
    put(1, 'key.crt', text(second));
    const { fingerprints, problems } = await trusted();
    expect(fingerprints).toEqual([fingerprint(second)]);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });
});

describe('of each file the first certificate in PEM:', () => {
  test.each([
    ['behind text', () => `some text\n${text(first)}`],
    ['before another', () => text(first) + text(second)],
    ['with lines as of Windows', () => text(first).replaceAll('\n', '\r\n')],
    ['under its old name', () => pem('X509 CERTIFICATE', first.certificate)],
    [
      'behind one with OpenSSL’s own trust',
      () => pem('TRUSTED CERTIFICATE', second.certificate) + text(first),
    ],
    ['behind a key', () => pem('PRIVATE KEY', second.certificate) + text(first)],
  ])('%s', async (_name, content) => {
    put(0, 'key.crt', content());
    expect((await trusted()).fingerprints).toEqual([fingerprint(first)]);
  });
});

describe('a file without one is told, and hides its name all the same:', () => {
  test.each([
    ['DER', () => first.certificate, 'it holds no certificate in PEM'],
    ['garbage', () => 'garbage', 'it holds no certificate in PEM'],
    ['a cut-off block', () => text(first).slice(0, -10), 'it holds no certificate in PEM'],
    ['a damaged first block', () => text(first).replace('M', '*') + text(second), 'the PEM block is damaged'],
    [
      'a block of something else',
      () => pem('CERTIFICATE', Buffer.from('3000', 'hex')),
      'no X.509 certificate',
    ],
    ['too much of everything', () => new Uint8Array(1024 * 1024 + 1), 'larger than 1 MiB'],
  ])('%s', async (_name, content, problem) => {
    put(0, 'key.crt', content());
    put(1, 'key.crt', text(second));
    const { fingerprints, problems, findings } = await trusted();
    expect(fingerprints).toEqual([]);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(findings).toMatchObject([{ code: 'certificate-unreadable', layer: 'trust', level: 'warning' }]);
  });
});

test('a name cannot forge a line of output', async () => {
  put(0, 'a\n\x1b[2Kb.crt', 'garbage');
  const { findings } = await trusted();
  expect(findings[0]?.message).toContain('a\\x0a\\x1b[2Kb.crt: ');
});

test('more files than anybody has are not read, and what they would hide stays hidden', async () => {
  for (let index = 0; index <= 1000; index++) put(0, `${10_000 + index}.crt`, '');
  put(1, '11000.crt', text(second));
  const { fingerprints, problems } = await trusted();
  expect(fingerprints).toEqual([]);
  expect(problems).toEqual([expect.stringContaining('only the first 1000 files are read')]);
});
