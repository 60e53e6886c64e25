import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { type ArchiveEntry, tarArchive } from '../support/tar-archive.ts';

let directory: string;
let output: string;
let keys: KeyPair;
let otherKeys: KeyPair;

beforeAll(async () => {
  const place = mkdtempSync(join(tmpdir(), 'keys-'));
  keys = await makeKeyPair(place, 'signer', 'rsa-2048');
  otherKeys = await makeKeyPair(place, 'other', 'p-256');
  return () => rmSync(place, { recursive: true });
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cli-'));
  output = join(directory, 'out');
  mkdirSync(output);
});
afterEach(() => rmSync(directory, { recursive: true }));

const program: ArchiveEntry = { name: 'usr/local/bin/grype', mode: 0o755, content: 'program' };

/** A tar file with these entries, to be used as `tar:FILE`. */
async function archive(entries: readonly ArchiveEntry[]): Promise<string> {
  const file = join(directory, 'layer.tar');
  writeFileSync(file, await tarArchive(entries));
  return `tar:${file}`;
}

const signed = () => ['--private-key', keys.key, '--certificate', keys.certificate];

describe('auroraboot sysext', () => {
  it('prints the log lines of the document on stderr and the path on stdout', async () => {
    const { status, stdout, stderr } = await auroraboot([
      'sysext',
      ...signed(),
      '--output',
      output,
      'grype',
      await archive([program]),
    ]);
    expect(status).toBe(0);
    const image = join(output, 'grype.sysext.raw');
    expect(stdout).toBe(`${image}\n`);
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /, ''));
    expect(lines).toEqual([
      'INF Starting auroraboot version 0.1.0',
      'INF 🚀 Start sysext creation',
      'INF 💿 Getting image info',
      'INF 📤 Extracting archives from image layer',
      'INF 📦 Packing sysext into raw image',
      `INF 🎉 Done sysext creation output=${image}`,
    ]);
    expect(readdirSync(output)).toEqual(['grype.sysext.raw']);
  });

  it('prints nothing but the path with --quiet, and data with --json', async () => {
    const source = await archive([program]);
    const quiet = await auroraboot(['sysext', ...signed(), '--quiet', '--output', output, 'grype', source]);
    expect(quiet).toMatchObject({ status: 0, stderr: '', stdout: `${join(output, 'grype.sysext.raw')}\n` });
    const json = await auroraboot([
      'confext',
      '--json',
      '--output',
      output,
      'site',
      await archive([{ name: 'etc/x' }]),
    ]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      name: 'site',
      class: 'confext',
      output: join(output, 'site.confext.raw'),
      rootHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      fileSize: statSync(join(output, 'site.confext.raw')).size,
      partitions: [{ designator: 'root' }, { designator: 'root-verity' }],
      findings: [{ code: 'unsigned', level: 'warning' }],
    });
    expect(json.stderr).toContain('WRN no key was given');
  });

  it('replaces an older image, and gives the same bytes in another umask, locale and time zone', async () => {
    const source = await archive([program, { name: 'usr/share/ä' }, { name: 'usr/share/Z' }]);
    const image = join(output, 'grype.sysext.raw');
    writeFileSync(image, 'old');
    const args = ['sysext', ...signed(), '--output', output, 'grype', source];
    expect((await auroraboot(args)).status).toBe(0);
    const first = readFileSync(image);
    const before = process.umask(0o077);
    const again = await auroraboot(args, { env: { LC_ALL: 'de_DE.UTF-8', TZ: 'Asia/Tokyo' } });
    process.umask(before);
    expect(again.status).toBe(0);
    expect(readFileSync(image).equals(first)).toBe(true);
    expect(statSync(image).mode & 0o777).toBe(0o600);
  });
});

describe('wrong usage ends with status 2 and says what is right:', () => {
  it.each([
    ['no command', [], /Usage: auroraboot/],
    ['an unknown command', ['sysexd'], /unknown command 'sysexd'[\s\S]*Did you mean sysext/],
    [
      'an unknown flag',
      ['sysext', '--outptu', 'x', 'a', 'b'],
      /unknown option '--outptu'[\s\S]*Did you mean --output/,
    ],
    ['no source', ['sysext', 'a'], /missing required argument 'SOURCE'/],
    ['too many arguments', ['sysext', 'a', 'dir:b', 'c'], /too many arguments/],
    ['an unknown architecture', ['sysext', '--arch', 'x86_64', 'a', 'dir:b'], /amd64, arm64, riscv64/],
    [
      'a key without a certificate',
      ['sysext', '--private-key', 'k', 'a', 'dir:b'],
      /--private-key is given without --certificate/,
    ],
    [
      'a certificate without a key',
      ['sysext', '--certificate', 'k', 'a', 'dir:b'],
      /--certificate is given without --private-key/,
    ],
    ['a bad name', ['sysext', '../a', 'dir:b'], /the name '..\/a' cannot be used: it contains a slash/],
    ['a bad number of layers', ['sysext', '--layers', '0', 'a', 'dir:b'], /--layers '0' is none of/],
    ['a bad seed', ['sysext', '--seed', 'x', 'a', 'dir:b'], /--seed: "x" is not a UUID/],
    ['a bad scope', ['sysext', '--scope', 'moon', 'a', 'dir:b'], /--scope 'moon'/],
    ['/opt in a confext', ['confext', '--with-opt', 'a', 'dir:b'], /unknown option '--with-opt'/],
    ['an unknown transport', ['sysext', 'a', 'containers-storage:x'], /containers-storage/],
  ] as const)('%s', async (_, args, message) => {
    const outcome = await auroraboot([...args], { cwd: output });
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ status: 2, stdout: '' });
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect(readdirSync(output)).toEqual([]);
  });

  it('a bad SOURCE_DATE_EPOCH', async () => {
    const outcome = await auroraboot(['sysext', 'a', 'dir:b'], { env: { SOURCE_DATE_EPOCH: 'now' } });
    expect(outcome).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("SOURCE_DATE_EPOCH is 'now'"),
    });
  });
});

describe('a source that must not be used ends with status 3:', () => {
  it.each<[string, readonly ArchiveEntry[], RegExp]>([
    ['a path out of the tree', [program, { name: '../../etc/cron.d/x' }], /leaves the tree with '\.\.'/],
    [
      'a path through a link',
      [{ name: 'usr/l', type: 'symlink', linkname: '/etc' }, { name: 'usr/l/passwd' }],
      /passes through 'usr\/l'/,
    ],
    ['an entry twice', [program, program], /states 'usr\/local\/bin\/grype' twice/],
    ['a file where a directory is', [program, { name: 'usr/local/bin' }], /twice: as directory and as file/],
    [
      'a planted work_dir',
      [{ name: 'usr/.systemd-sysext/work_dir', content: 'victim' }],
      /makes? .*delete directories/,
    ],
    ['an os-release', [program, { name: 'usr/lib/os-release' }], /whole operating system/],
    [
      'an overlay whiteout',
      [{ name: 'usr/bin/ls', type: 'character-device', devmajor: 0, devminor: 0 }],
      /overlay whiteout/,
    ],
    [
      'an opaque directory',
      [program, { name: 'usr/x', type: 'directory', pax: { 'SCHILY.xattr.trusted.overlay.opaque': 'y' } }],
      /trusted\.overlay\.opaque/,
    ],
    [
      'a link to nothing',
      [{ name: 'usr/x', type: 'link', linkname: 'usr/y' }],
      /'usr\/y', which the layer does not have/,
    ],
  ])('%s', async (_, entries, message) => {
    const outcome = await auroraboot(['sysext', '--output', output, 'x', await archive(entries)]);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ status: 3, stdout: '' });
    expect(outcome.stderr).toMatch(/\n {2}hint: /);
    expect(readdirSync(output)).toEqual([]);
    expect(readdirSync(directory).toSorted()).toEqual(['layer.tar', 'out']);
  });

  it.each([
    ['truncated', (bytes: Buffer) => bytes.subarray(0, bytes.length - 200)],
    [
      'damaged',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 60), Buffer.alloc(40, 0xff), bytes.subarray(100)]),
    ],
  ])('a %s gzip file', async (_, spoil) => {
    const content = Buffer.from(Array.from({ length: 3000 }, (_value, index) => (index * index) >> 3));
    const packed = gzipSync(await tarArchive([{ name: 'usr/x', content }]));
    writeFileSync(join(directory, 'x.tar.gz'), spoil(packed));
    const outcome = await auroraboot([
      'sysext',
      '--output',
      output,
      'x',
      `tar:${join(directory, 'x.tar.gz')}`,
    ]);
    expect(outcome).toMatchObject({ status: 3, stdout: '' });
    expect(outcome.stderr).toMatch(/gzip data are damaged or truncated/);
    expect(readdirSync(output)).toEqual([]);
  });

  it('a tar file that ends early', async () => {
    const bytes = await tarArchive([{ name: 'usr/x', content: 'x'.repeat(5000) }]);
    writeFileSync(join(directory, 'x.tar'), bytes.subarray(0, 3000));
    const outcome = await auroraboot(['sysext', '--output', output, 'x', `tar:${join(directory, 'x.tar')}`]);
    expect(outcome).toMatchObject({ status: 3, stderr: expect.stringMatching(/truncated|ends/) });
  });
});

describe('what is not there ends with status 4:', () => {
  it.each([
    'dir:/nonexistent',
    'tar:/nonexistent',
    'oci:/nonexistent',
    'docker-archive:/nonexistent',
    'oci-archive:/nonexistent',
  ])('%s', async (source) => {
    const outcome = await auroraboot(['sysext', '--output', output, 'x', source]);
    expect(outcome).toMatchObject({ status: 4, stdout: '', stderr: expect.stringContaining('/nonexistent') });
    expect(readdirSync(output)).toEqual([]);
  });
});

describe('what cannot be done ends with status 1:', () => {
  it.each([
    [
      'a key that is none',
      () => ['--private-key', '/etc/hostname', '--certificate', keys.certificate],
      /key/,
    ],
    [
      'a key that is not there',
      () => ['--private-key', '/nonexistent', '--certificate', keys.certificate],
      /nonexistent/,
    ],
    [
      'a certificate of another key',
      () => ['--private-key', keys.key, '--certificate', otherKeys.certificate],
      /certificate/,
    ],
  ])('%s', async (_, flags, message) => {
    const outcome = await auroraboot([
      'sysext',
      ...flags(),
      '--output',
      output,
      'x',
      await archive([program]),
    ]);
    expect(outcome).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(message) });
    expect(readdirSync(output)).toEqual([]);
  });

  it('nothing to extend, as JSON too', async () => {
    const source = await archive([{ name: 'etc/x' }]);
    const outcome = await auroraboot(['sysext', '--json', '--output', output, 'x', source]);
    expect(outcome.status).toBe(1);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      error: { code: 'nothing-to-extend', hint: expect.any(String) },
    });
  });

  it('an output that cannot be written', async () => {
    writeFileSync(join(output, 'file'), '');
    const outcome = await auroraboot([
      'sysext',
      '--output',
      join(output, 'file', 'x'),
      'x',
      await archive([program]),
    ]);
    expect(outcome).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/cannot write .*: a part of the path is no directory/),
    });
  });
});

describe('auroraboot', () => {
  it.each(['', 'sysext', 'confext', 'genkey'])('%s --help shows an example', async (command) => {
    const args = [command, '--help'].filter((word) => word !== '');
    const { status, stdout } = await auroraboot(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Usage: auroraboot/);
    expect(stdout).toMatch(/auroraboot (sysext|confext|genkey) /);
  });

  it('tells its version', async () => {
    expect(await auroraboot(['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n' });
  });

  it('makes keys that sign', async () => {
    const place = join(directory, 'keys');
    expect(await auroraboot(['genkey', 'lab', '--output', place])).toMatchObject({ status: 0, stderr: '' });
    const made = ['--private-key', join(place, 'db.key'), '--certificate', join(place, 'db.pem')];
    const build = await auroraboot([
      'sysext',
      ...made,
      '--json',
      '--output',
      output,
      'x',
      await archive([program]),
    ]);
    expect(JSON.parse(build.stdout)).toMatchObject({
      partitions: [{}, {}, { designator: 'root-verity-sig' }],
    });
    const again = await auroraboot(['genkey', 'lab', '--output', place]);
    expect(again).toMatchObject({ status: 1, stderr: expect.stringMatching(/PK\.key/) });
  });
});
