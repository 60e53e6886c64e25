import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { byteString } from '../../src/base/byte-string.ts';
import { type BuildOptions, buildExtension } from '../../src/build/build-extension.ts';
import { ErofsReader } from '../../src/image/erofs/reader.ts';
import { checkContent } from '../../src/image/extension/check-content.ts';
import { CONFEXT, SYSEXT } from '../../src/image/extension/kind.ts';
import { defaultSeed } from '../../src/image/identifiers.ts';
import { sha1 } from '../../src/platform/hash.ts';
import type { Source } from '../../src/source/source.ts';
import { memorySource } from './memory-source.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'build-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function build(source: Source, options: Partial<BuildOptions> = {}) {
  return buildExtension(source, {
    kind: SYSEXT,
    name: 'demo',
    architecture: 'x86-64',
    withOpt: false,
    layers: 1,
    release: {},
    seed: defaultSeed('sysext', sha1),
    compression: undefined,
    sourceDateEpoch: undefined,
    signer: undefined,
    outputDirectory: directory,
    signal: new AbortController().signal,
    onEvent: () => undefined,
    ...options,
  });
}

/** The file system of an image. */
function openFileSystem(image: string): Promise<ErofsReader> {
  const bytes = readFileSync(image);
  const start = bytes.length > 4_194_304 ? 2048 * 512 : 40 * 512;
  return ErofsReader.open({
    size: bytes.length - start,
    read: async (offset, length) => new Uint8Array(bytes.subarray(start + offset, start + offset + length)),
  });
}

/** What an image holds: path → a short description. */
async function contents(image: string): Promise<Record<string, string>> {
  const reader = await openFileSystem(image);
  const found: Record<string, string> = {};
  for await (const { path, inode } of reader.walk()) {
    const text: Uint8Array[] = [];
    if (inode.type === 'file') for await (const piece of reader.content(inode)) text.push(piece.slice());
    const content = inode.type === 'file' ? ` ${byteString(Buffer.concat(text)).slice(0, 60)}` : '';
    found[path] =
      `${inode.type} ${inode.mode.toString(8)} ${inode.uid}:${inode.gid} ×${inode.links}${content}`;
  }
  return found;
}

describe('buildExtension', () => {
  it('takes the last layer, makes missing parents and writes the extension-release file', async () => {
    const base = [{ path: 'usr/bin/base', content: 'base' }];
    const top = [{ path: 'usr/local/bin/grype', mode: 0o755, uid: 7, content: 'program' }];
    const { path, inodes } = await build(memorySource(base, top));
    expect(path).toBe(join(directory, 'demo.sysext.raw'));
    expect(await contents(path)).toEqual({
      '': 'directory 755 0:0 ×3',
      usr: 'directory 755 0:0 ×4',
      'usr/lib': 'directory 755 0:0 ×3',
      'usr/lib/extension-release.d': 'directory 755 0:0 ×2',
      'usr/lib/extension-release.d/extension-release.demo': 'file 644 0:0 ×1 ID=_any\nARCHITECTURE=x86-64\n',
      'usr/local': 'directory 755 0:0 ×3',
      'usr/local/bin': 'directory 755 0:0 ×2',
      'usr/local/bin/grype': 'file 755 7:0 ×1 program',
    });
    expect(inodes).toBe(8);
    expect(readdirSync(directory)).toEqual(['demo.sysext.raw']);
  });

  it('leaves nothing in an image that harms a host', async () => {
    const source = memorySource([
      { path: 'usr/share', type: 'directory', mode: 0o700, uid: 7 },
      { path: 'usr/local', type: 'directory', mode: 0o2775 },
      { path: 'usr/local/bin/grype', mode: 0o755 },
      { path: 'usr/share/.wh.old' },
      { path: 'var/x' },
    ]);
    const { path } = await build(source);
    expect(await checkContent(await openFileSystem(path), SYSEXT)).toEqual([]);
  });

  it('matches hierarchies as path components and reports what lies outside', async () => {
    const source = memorySource([
      { path: 'usrfoo/x' },
      { path: 'etc/x' },
      { path: 'opt/x' },
      { path: 'usr/x' },
    ]);
    const { path, findings } = await build(source);
    expect(Object.keys(await contents(path)).filter((name) => name.endsWith('x'))).toEqual(['usr/x']);
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'outside-hierarchies',
        message: '3 entries outside /usr left out: etc (1), opt (1), usrfoo (1)',
      }),
    );
    const withOpt = await contents((await build(source, { withOpt: true })).path);
    expect(Object.keys(withOpt).filter((name) => name.endsWith('x'))).toEqual(['opt/x', 'usr/x']);
    const confext = await contents((await build(source, { kind: CONFEXT })).path);
    expect(Object.keys(confext).filter((name) => name.endsWith('x'))).toEqual(['etc/x']);
  });

  it('flattens layers with whiteouts and opaque directories', async () => {
    const source = memorySource(
      [{ path: 'usr/a/old' }, { path: 'usr/b/old' }, { path: 'usr/c/old' }],
      [
        { path: 'usr/a/.wh.old' },
        { path: 'usr/b', type: 'directory' },
        { path: 'usr/b/.wh..wh..opq' },
        { path: 'usr/b/new' },
        { path: 'usr/c/new' },
      ],
    );
    const { path, findings } = await build(source, { layers: 'all' });
    const files = Object.keys(await contents(path)).filter((name) => /old|new|wh/.test(name));
    expect(files).toEqual(['usr/b/new', 'usr/c/new', 'usr/c/old']);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'whiteouts-dropped', subjects: ['/usr/a/old', '/usr/b'] }),
    );
  });

  it('keeps hard links, also to files that are not taken themselves', async () => {
    const source = memorySource([
      { path: 'opt/data', content: 'shared' },
      { path: 'usr/lib/one', content: 'own' },
      { path: 'usr/lib/two', type: 'hardlink', linkTarget: 'usr/lib/one' },
      { path: 'opt/again', type: 'hardlink', linkTarget: './opt/data' },
      { path: 'usr/share/three', type: 'hardlink', linkTarget: 'opt/again' },
      { path: 'usr/share/four', type: 'hardlink', linkTarget: 'opt/data' },
    ]);
    expect(await contents((await build(source)).path)).toMatchObject({
      'usr/lib/one': 'file 644 0:0 ×2 own',
      'usr/lib/two': 'file 644 0:0 ×2 own',
      'usr/share/three': 'file 644 0:0 ×2 shared',
      'usr/share/four': 'file 644 0:0 ×2 shared',
    });
  });

  it('gives shared directories the mode hosts have, and says so', async () => {
    const source = memorySource([
      { path: 'usr/share', type: 'directory', mode: 0o700, uid: 12 },
      { path: 'usr/share/mine', type: 'directory', mode: 0o700 },
      { path: 'usr/share/mine/file' },
    ]);
    const { path, findings } = await build(source);
    expect(await contents(path)).toMatchObject({
      'usr/share': 'directory 755 0:0 ×3',
      'usr/share/mine': 'directory 700 0:0 ×2',
    });
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'shared-directory', subjects: ['usr/share (was 0700 12:0)'] }),
    );
  });

  it('warns of owners that are people on the host', async () => {
    const source = memorySource([
      { path: 'usr/x', uid: 1001, gid: 0 },
      { path: 'usr/y', uid: 999, gid: 999 },
    ]);
    expect((await build(source)).findings).toContainEqual(
      expect.objectContaining({ code: 'foreign-owner', level: 'warning', subjects: ['usr/x (1001:0)'] }),
    );
  });

  it('puts a file in the place of a release file that is none', async () => {
    const release = 'usr/lib/extension-release.d/extension-release.demo';
    const source = memorySource([
      { path: release, type: 'symlink', linkTarget: '/etc/passwd' },
      { path: 'usr/x' },
    ]);
    const { path, findings } = await build(source);
    expect((await contents(path))[release]).toBe('file 644 0:0 ×1 ID=_any\nARCHITECTURE=x86-64\n');
    expect(findings).toContainEqual(expect.objectContaining({ code: 'release-replaced' }));
  });

  it('bounds times by SOURCE_DATE_EPOCH and is the same again', async () => {
    const entries = [{ path: 'usr/x', content: 'x', mtime: { seconds: 1_800_000_000, nanoseconds: 5 } }];
    const digest = async (source: Source, sourceDateEpoch: number | undefined) => {
      const { path } = await build(source, { sourceDateEpoch });
      return createHash('sha256').update(readFileSync(path)).digest('hex');
    };
    const later = [{ ...entries[0]!, mtime: { seconds: 1_900_000_000, nanoseconds: 0 } }];
    expect(await digest(memorySource(entries), 1000)).toBe(await digest(memorySource(later), 1000));
    expect(await digest(memorySource(entries), undefined)).not.toBe(
      await digest(memorySource(later), undefined),
    );
    expect(await digest(memorySource(entries), undefined)).toBe(
      await digest(memorySource(entries), undefined),
    );
  });

  it.each([
    ['nothing under /usr', [{ path: 'etc/x' }], 'nothing-to-extend', /no file under \/usr/],
    ['only directories', [{ path: 'usr/share/x', type: 'directory' }], 'nothing-to-extend', /no file under/],
    [
      'only an extension-release file',
      [{ path: 'usr/lib/extension-release.d/extension-release.demo', content: 'ID=_any\n' }],
      'nothing-to-extend',
      /no file under/,
    ],
    ['a path out of the tree', [{ path: '../etc/passwd' }], 'bad-path', /leaves the tree/],
    [
      'a link to nowhere',
      [{ path: 'usr/x', type: 'hardlink', linkTarget: 'usr/gone' }],
      'dangling-link',
      /does not have/,
    ],
    ['an entry twice', [{ path: 'usr/x' }, { path: './usr/x' }], 'conflict', /twice/],
    ['a planted marker', [{ path: 'usr/.systemd-sysext/work_dir' }], 'harmful', /marks systemd/],
    [
      'a link for a parent of the release file',
      [{ path: 'usr/lib', type: 'symlink', linkTarget: 'x' }, { path: 'usr/y' }],
      'harmful',
      /take that directory away/,
    ],
    [
      'a file for a directory of the release file',
      [{ path: 'usr/lib/extension-release.d' }, { path: 'usr/y' }],
      'conflict',
      /where a directory is needed/,
    ],
  ] as const)('refuses %s and leaves nothing behind', async (_, entries, code, message) => {
    writeFileSync(join(directory, 'demo.sysext.raw'), 'old');
    const failure = build(memorySource(entries));
    await expect(failure).rejects.toMatchObject({ code });
    await expect(failure).rejects.toThrow(message);
    expect(readdirSync(directory)).toEqual(['demo.sysext.raw']);
    expect(readFileSync(join(directory, 'demo.sysext.raw'), 'utf8')).toBe('old');
  });

  it('leaves nothing behind when interrupted or when the source fails', async () => {
    const controller = new AbortController();
    const output = join(directory, 'new', 'deep');
    const interrupted = build(memorySource([{ path: 'usr/x' }, { path: 'usr/y' }]), {
      signal: controller.signal,
      onEvent: () => controller.abort(),
      outputDirectory: output,
    });
    await expect(interrupted).rejects.toThrow();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says why the output cannot be written', async () => {
    writeFileSync(join(directory, 'file'), '');
    mkdirSync(join(directory, 'demo.sysext.raw'));
    const source = memorySource([{ path: 'usr/x' }]);
    await expect(build(source, { outputDirectory: join(directory, 'file') })).rejects.toThrow(
      /a file is in the place/,
    );
    await expect(build(source)).rejects.toThrow(/there is a directory of that name/);
    expect(readdirSync(directory).toSorted()).toEqual(['demo.sysext.raw', 'file']);
  });
});
