import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/trust/verdict.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { succeeded } from '../support/run-command.ts';
import { type ArchiveEntry, tarArchive } from '../support/tar-archive.ts';

let directory: string;
let keys: KeyPair;
let stranger: KeyPair;
let good: string;

/** A file whose middle nothing but the data check reads. */
const program: ArchiveEntry = { name: 'usr/bin/large', mode: 0o755, content: Buffer.alloc(100_000, 'x') };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'verify-'));
  keys = await makeKeyPair(directory, 'signer', 'rsa-2048');
  stranger = await makeKeyPair(directory, 'stranger', 'p-256');
  good = await build('app', [program], ['--private-key', keys.key, '--certificate', keys.certificate]);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Builds an image of some entries and returns its path. */
async function build(
  name: string,
  entries: readonly ArchiveEntry[],
  flags: readonly string[],
): Promise<string> {
  const layer = join(directory, `${name}.tar`);
  writeFileSync(layer, await tarArchive(entries));
  const outcome = await auroraboot([
    'sysext',
    '--quiet',
    // So that content can be found, and changed, where it is.
    ...['--compression', 'none'],
    ...flags,
    '--output',
    directory,
    name,
    `tar:${layer}`,
  ]);
  return succeeded(outcome).stdout.trim();
}

/** The good image with some bytes changed, under its own name in a directory of its own. */
function changed(change: (bytes: Buffer) => unknown): string {
  const copy = join(mkdtempSync(join(directory, 'changed-')), 'app.sysext.raw');
  const bytes = readFileSync(good);
  change(bytes);
  writeFileSync(copy, bytes);
  return copy;
}

async function verdictOn(image: string, ...flags: string[]): Promise<Verdict & { status: number }> {
  const { status, stdout } = await auroraboot(['verify', '--json', ...flags, image]);
  return { ...(JSON.parse(stdout) as Verdict), status: status ?? -1 };
}

/** Where the partitions begin, in bytes: data, hash tree, signature. */
async function places(): Promise<number[]> {
  const { stdout } = await auroraboot(['inspect', '--json', good]);
  return (JSON.parse(stdout) as { mounts: { offset: number }[] }).mounts.map(({ offset }) => offset);
}

describe('auroraboot verify', () => {
  it('accepts an image of a trusted signer, and says who and by which file', async () => {
    const verdict = await verdictOn(good, '--certificate', keys.certificate);
    expect(verdict).toMatchObject({
      status: 0,
      accepted: true,
      name: 'app',
      class: 'sysext',
      acceptedBy: { store: 'file', source: keys.certificate, how: 'exact' },
      findings: [],
    });
    expect(verdict.signer?.fingerprint).toBe(verdict.acceptedBy?.fingerprint);
    expect(verdict.checked).toEqual([
      'partition-table',
      'verity-superblock',
      'signature',
      'trust',
      'hash-tree',
      'data',
      'file-system',
      'extension-release',
      'content',
    ]);
  });

  it('prints a verdict that a person reads', async () => {
    const { status, stdout, stderr } = await auroraboot([
      'verify',
      '--certificate',
      stranger.certificate,
      good,
    ]);
    expect({ status, stderr }).toEqual({ status: 3, stderr: '' });
    expect(stdout).toMatch(/^.*app\.sysext\.raw: refused\n {2}root hash {3}[0-9a-f]{64}\n/);
    expect(stdout).toMatch(/\n {2}error: trust: .*CN=signer.* \[signer-unknown\]\n {4}hint: /);
  });

  it('without trusted keys demands nobody, but tells of an image that nobody signed', async () => {
    const unsigned = await build('unsigned', [program], []);
    expect(await verdictOn(good)).toMatchObject({ status: 0, findings: [] });
    expect(await verdictOn(unsigned)).toMatchObject({
      status: 0,
      findings: [{ code: 'unsigned', layer: 'signature', level: 'warning' }],
    });
    expect(await verdictOn(unsigned, '--certificate', keys.certificate)).toMatchObject({
      status: 3,
      findings: [{ code: 'unsigned', level: 'error' }],
    });
  });

  it('reads a large image with threads, and names every bad block in its order', async () => {
    // Behind the other there is more than threads may be ahead.
    const content = Buffer.alloc(90_000_000, 'x');
    const large = await build('large', [{ ...program, content }], []);
    expect(await verdictOn(large)).toMatchObject({ status: 0, accepted: true });
    const bytes = readFileSync(large);
    const damage = [20_000, 3, 19_999, 300].map((block) => ({ block, place: (1 << 20) + block * 4096 + 5 }));
    for (const { place } of damage) bytes[place]! ^= 1;
    writeFileSync(large, bytes);
    const { status, findings } = await verdictOn(large);
    expect(status).toBe(3);
    expect(findings.filter(({ level }) => level === 'error')).toMatchObject([
      {
        code: 'data-block-mismatch',
        subjects: [3, 300, 19_999, 20_000].map((block) => `data block ${block}`),
      },
    ]);
    rmSync(large);
  });

  it('names the layer at fault', async () => {
    const [data, hash, signature] = (await places()) as [number, number, number];
    const flip = (place: number) => changed((bytes) => bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place));
    const layerOf = async (image: string): Promise<string | undefined> => {
      const { status, findings } = await verdictOn(image, '--certificate', keys.certificate);
      expect(status).toBe(3);
      for (const { level, hint } of findings) if (level === 'error') expect(hint).toBeTypeOf('string');
      return findings.find(({ level }) => level === 'error')?.layer;
    };
    expect(await layerOf(flip(510))).toBe('partition-table');
    expect(await layerOf(flip(512 + 60))).toBe('partition-table');
    expect(await layerOf(flip(readFileSync(good).length - 512 + 60))).toBe('partition-table');
    expect(await layerOf(flip(data + 1))).toBe('data');
    expect(await layerOf(flip(hash))).toBe('verity-superblock');
    expect(await layerOf(flip(hash + 4096))).toBe('hash-tree');
    expect(await layerOf(flip(signature))).toBe('signature');
    const short = changed(() => undefined);
    truncateSync(short, readFileSync(good).length - 4096);
    expect(await layerOf(short)).toBe('partition-table');
  });

  it('with --quick leaves out data that nothing else reads, and only that', async () => {
    const [data] = (await places()) as [number];
    const image = readFileSync(good);
    const inFile = image.indexOf(Buffer.alloc(8192, 'x')) + 4096;
    const inName = image.indexOf('extension-release.app', data);
    for (const [place, status] of [
      [inFile, 0],
      [inName, 3],
    ] as const) {
      const copy = changed((bytes) => bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place));
      expect(await verdictOn(copy, '--quick')).toMatchObject({ status });
      expect(await verdictOn(copy)).toMatchObject({ status: 3 });
    }
  });

  it('looks at policy, name and host', async () => {
    const other = join(directory, 'other.sysext.raw');
    copyFileSync(good, other);
    const osRelease = join(directory, 'os-release');
    writeFileSync(osRelease, 'ID=debian\nVERSION_ID=13\n');
    const debian12 = await build('d12', [program], ['--id', 'debian', '--version-id', '12']);
    const error = async (image: string, ...flags: string[]) => {
      const { status, findings } = await verdictOn(image, ...flags);
      return [status, findings.map(({ code }) => code).filter((code) => code !== 'unsigned')];
    };
    expect(await error(good, '--image-policy', 'root=absent')).toEqual([3, ['policy-partition-forbidden']]);
    expect(await error(good, '--image-policy', 'root=signed+absent:usr=signed+absent')).toEqual([0, []]);
    expect(await error(other)).toEqual([3, ['release-name']]);
    expect(await error(other, '--name', 'app.sysext.raw')).toEqual([0, []]);
    expect(await error(debian12, '--os-release', osRelease)).toEqual([3, ['release-wrong-version']]);
    expect(await error(good, '--os-release', osRelease, '--arch', 'arm64')).toEqual([
      3,
      ['release-wrong-architecture'],
    ]);
  });

  it('takes the certificates of verity.d, and the keys and revocations of the firmware', async () => {
    const verity = join(directory, 'verity.d');
    execFileSync('mkdir', [verity]);
    copyFileSync(keys.certificate, join(verity, 'signer.crt'));
    expect(await verdictOn(good, '--verity-dir', verity)).toMatchObject({
      status: 0,
      acceptedBy: { store: 'verity.d', source: join(verity, 'signer.crt') },
    });
    succeeded(await auroraboot(['genkey', 'fw', '--output', directory, '--quiet']));
    const image = await build(
      'fw',
      [program],
      ['--private-key', join(directory, 'KEK.key'), '--certificate', join(directory, 'KEK.pem')],
    );
    const efivars = join(directory, 'efivars');
    execFileSync('mkdir', [efivars]);
    const variable = (name: string, vendor: string, list: string) =>
      writeFileSync(
        join(efivars, `${name}-${vendor}`),
        Buffer.concat([Buffer.from([0x27, 0, 0, 0]), readFileSync(join(directory, list))]),
      );
    const global = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
    const security = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f';
    variable('PK', global, 'PK.esl');
    variable('KEK', global, 'KEK.esl');
    variable('db', security, 'db.esl');
    expect(await verdictOn(image, '--efivars', efivars)).toMatchObject({
      status: 0,
      acceptedBy: { store: 'KEK' },
    });
    expect(await verdictOn(good, '--efivars', efivars)).toMatchObject({
      status: 3,
      findings: [{ code: 'signer-unknown' }],
    });
    variable('dbx', security, 'KEK.esl');
    expect(await verdictOn(image, '--efivars', efivars)).toMatchObject({
      status: 3,
      findings: [{ code: 'signer-revoked' }],
    });
    writeFileSync(join(efivars, `dbx-${security}`), 'garbage');
    const closed = await verdictOn(image, '--efivars', efivars);
    expect(closed.findings.map(({ code }) => code)).toContain('revocations-unreadable');
    expect(closed.status).toBe(3);
  });

  it('says what is no image, and what is not there', async () => {
    const garbage = join(directory, 'garbage');
    writeFileSync(garbage, Buffer.alloc(10_000, 'x'));
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await auroraboot(['verify', garbage])).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('it is no image'),
    });
    expect(await auroraboot(['verify', pipe])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('neither a file'),
    });
    expect(await auroraboot(['verify', directory])).toMatchObject({ status: 3 });
    expect(await auroraboot(['verify', join(directory, 'gone')])).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('no such file'),
    });
    expect(await auroraboot(['verify'])).toMatchObject({ status: 2 });
    expect(await auroraboot(['verify', good, good])).toMatchObject({ status: 2 });
    expect(await auroraboot(['verify', '--image-policy', 'root=x', good])).toMatchObject({ status: 2 });
    expect(await auroraboot(['verify', '--arch', 'arm64', good])).toMatchObject({ status: 2 });
    expect(await auroraboot(['verify', '--certificate', garbage, good])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no X.509 certificate'),
    });
  });

  it('with --quiet prints nothing about an image that is accepted', async () => {
    expect(await auroraboot(['verify', '--quiet', good])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
  });
});
