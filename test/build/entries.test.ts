import { describe, expect, it } from 'vitest';
import { pathComponents } from '../../src/build/entry-path.ts';
import { FindingCollector } from '../../src/build/findings.ts';
import { refuseHarmfulInode, refuseHarmfulPlace } from '../../src/build/hazards.ts';
import { whiteoutAt } from '../../src/build/whiteout.ts';
import { isSharedDirectory } from '../../src/image/extension/shared-directories.ts';
import type { Entry } from '../../src/source/entry.ts';

describe('pathComponents', () => {
  it.each([
    ['usr/bin/x', ['usr', 'bin', 'x']],
    ['./usr//bin/./x/', ['usr', 'bin', 'x']],
    ['./', []],
    ['usr/...', ['usr', '...']],
  ])('splits %s', (path, components) => {
    expect(pathComponents(path, 'layer')).toEqual(components);
  });

  it.each([
    ['../x', /leaves the tree with '\.\.'/],
    ['usr/../../etc/passwd', /leaves the tree/],
    ['/usr/bin/x', /absolute path/],
    [`usr/${'x'.repeat(256)}`, /name of more than 255 bytes/],
    ['a/'.repeat(2048), /longer than 4095 bytes/],
    ['usr/a\0b', /NUL byte/],
  ])('refuses %s', (path, reason) => {
    expect(() => pathComponents(path, 'layer x')).toThrow(reason);
    expect(() => pathComponents(path, 'layer x')).toThrow(
      expect.objectContaining({ code: 'bad-path', exitCode: 3 }),
    );
  });
});

describe('whiteoutAt', () => {
  it.each([
    ['usr/bin/x', undefined],
    ['usr/.wh.x', { kind: 'deleted', path: ['usr', 'x'] }],
    ['.wh.usr', { kind: 'deleted', path: ['usr'] }],
    ['usr/share/.wh..wh..opq', { kind: 'opaque', path: ['usr', 'share'] }],
    ['.wh..wh..opq', { kind: 'opaque', path: [] }],
    ['.wh..wh.plnk/12.3', { kind: 'bookkeeping' }],
    ['usr/x.wh.y', undefined],
  ])('reads %s', (path, whiteout) => {
    expect(whiteoutAt(path.split('/'))).toEqual(whiteout);
  });

  it.each(['usr/.wh.', 'usr/.wh...', 'usr/.wh..', 'usr/.wh.x/y'])('refuses %s', (path) => {
    expect(() => whiteoutAt(path.split('/'))).toThrow(/names no file to delete/);
  });
});

const plain: Entry = {
  path: '',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  size: 0,
  linkTarget: '',
  major: 0,
  minor: 0,
  xattrs: new Map(),
  content: [],
};

describe('what would harm a host', () => {
  it.each([
    ['usr/.systemd-sysext/work_dir', 'file', /marks systemd itself keeps/],
    ['usr/.systemd-sysext', 'directory', /marks systemd itself keeps/],
    ['opt/.systemd-confext', 'symlink', /marks systemd itself keeps/],
    ['usr/lib/os-release', 'file', /whole operating system/],
    ['etc/os-release', 'symlink', /whole operating system/],
    ['usr/bin', 'symlink', /take that directory away/],
    ['usr', 'file', /take that directory away/],
  ])('%s (%s) is refused', (path, type, reason) => {
    expect(() => refuseHarmfulPlace(path.split('/'), type)).toThrow(reason);
    expect(() => refuseHarmfulPlace(path.split('/'), type)).toThrow(expect.objectContaining({ exitCode: 3 }));
  });

  it.each([
    ['usr/share/x/.systemd-sysext', 'file'],
    ['usr/share/os-release', 'file'],
    ['usr/bin', 'directory'],
    ['usr/lib64', 'symlink'],
  ])('%s (%s) is not', (path, type) => {
    expect(() => refuseHarmfulPlace(path.split('/'), type)).not.toThrow();
  });

  it('overlay whiteouts and attributes are refused, other devices are not', () => {
    const device = { ...plain, type: 'character-device' } as const;
    const opaque = {
      ...plain,
      type: 'directory',
      xattrs: new Map([['trusted.overlay.opaque', new Uint8Array([0x79])]]),
    } as const;
    expect(() => refuseHarmfulInode(['usr', 'x'], device)).toThrow(/overlay whiteout/);
    expect(() => refuseHarmfulInode(['usr', 'x'], opaque)).toThrow(/trusted\.overlay\.opaque/);
    expect(() => refuseHarmfulInode(['usr', 'x'], { ...device, minor: 3, major: 1 })).not.toThrow();
  });
});

describe('shared directories', () => {
  it('are those every host has, not those of one program', () => {
    for (const path of ['usr', 'usr/bin', 'usr/local/bin', 'usr/lib/systemd/system', 'etc', 'opt']) {
      expect(isSharedDirectory(path), path).toBe(true);
    }
    for (const path of ['', 'usr/lib/k3s', 'usr/share/polkit-1/rules.d', 'etc/sudoers.d', 'usr/binx']) {
      expect(isSharedDirectory(path), path).toBe(false);
    }
  });
});

describe('findings', () => {
  it('count a million left-out entries and name the first', () => {
    const findings = new FindingCollector();
    for (let index = 0; index < 100_000; index++) findings.countOutside(['root', `f${index}`]);
    findings.countOutside(['etc', 'x\n']);
    const [finding] = findings.all(['usr', 'opt']);
    expect(finding?.message).toBe('100001 entries outside /usr and /opt left out: root (100000), etc (1)');
    expect(finding?.subjects).toHaveLength(20);
  });
});
