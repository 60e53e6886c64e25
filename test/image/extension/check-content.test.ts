import { describe, expect, it } from 'vitest';
import { SUBJECTS_MAX } from '../../../src/base/finding.ts';
import type { DirectoryNode, ErofsNode, InodeAttributes } from '../../../src/image/erofs/tree.ts';
import { checkContent } from '../../../src/image/extension/check-content.ts';
import type { ContentFinding } from '../../../src/image/extension/content-finding.ts';
import { CONFEXT, type ExtensionKind, SYSEXT } from '../../../src/image/extension/kind.ts';
import { attributes, directory, TestImage } from '../erofs/build-image.ts';

type Given = Partial<InodeAttributes>;

const RELEASE = 'usr/lib/extension-release.d/extension-release.x';

/** Findings about an image whose entries are given by their paths; directories in between are ordinary ones. */
async function check(
  entries: Readonly<Record<string, 'file' | ErofsNode | ((image: TestImage) => Promise<ErofsNode>)>>,
  kind: ExtensionKind = SYSEXT,
): Promise<ContentFinding[]> {
  const image = new TestImage();
  const root = directory();
  for (const [path, given] of Object.entries(entries)) {
    const names = path.split('/');
    const name = names.pop()!;
    let parent: DirectoryNode = root;
    for (const step of names) {
      if (!parent.children.has(step)) parent.children.set(step, directory());
      parent = parent.children.get(step) as DirectoryNode;
    }
    let node = given;
    if (node === 'file') node = await image.file('content');
    else if (typeof node === 'function') node = await node(image);
    parent.children.set(name, node);
  }
  await image.finish(root);
  return checkContent(await image.open(), kind);
}

const file = (given: Given) => (image: TestImage) => image.file('content', given);
const device = (type: 'character-device' | 'block-device', major: number, minor: number): ErofsNode => ({
  type,
  ...attributes(),
  major,
  minor,
});
const link = (target: string): ErofsNode => ({ type: 'symlink', ...attributes({ mode: 0o777 }), target });
const xattrs = (name: string): Given => ({ xattrs: new Map([[name, Buffer.from('y')]]) });

describe('the content of an extension', () => {
  it('is in order if it only adds files', async () => {
    expect(
      await check({
        [RELEASE]: 'file',
        'usr/bin/tool': file({ mode: 0o755 }),
        'usr/bin/alias': link('tool'),
        'usr/share/doc/tool': directory([], { mode: 0o2775, gid: 50 }),
        'usr/bin/labelled': file(xattrs('security.selinux')),
        'opt/tool/data': 'file',
      }),
    ).toEqual([]);
    expect(
      await check({ 'etc/extension-release.d/extension-release.x': 'file', 'etc/x.conf': 'file' }, CONFEXT),
    ).toEqual([]);
  });

  it.each<[string, string, ErofsNode | ReturnType<typeof file> | 'file', RegExp]>([
    ['marker-directory', 'usr/.systemd-sysext', directory(), /^'usr\/\.systemd-sysext' is one of the marks/],
    ['marker-directory', 'opt/.systemd-confext', directory(), /is one of the marks/],
    ['os-release', 'usr/lib/os-release', 'file', /whole operating system/],
    ['hides-essential-directory', 'usr/bin', link('/opt'), /is a symlink where the host has a directory/],
    ['hides-essential-directory', 'usr/local/bin', 'file', /is a file where/],
    ['hides-essential-directory', 'opt', 'file', /is a file where/],
    ['whiteout', 'usr/bin/sh', device('character-device', 0, 0), /is an overlay whiteout/],
    [
      'overlay-attribute',
      'usr/etc',
      directory([], xattrs('trusted.overlay.opaque')),
      /trusted\.overlay\.opaque/,
    ],
    ['overlay-attribute', 'usr/y', file(xattrs('trusted.overlay.redirect')), /trusted\.overlay\.redirect/],
    ['shared-directory-locked', 'usr/share', directory([], { mode: 0o711 }), /has mode 0711, owner 0:0/],
  ])('is refused for a %s: %s', async (code, path, node, message) => {
    const findings = await check({ [RELEASE]: 'file', 'usr/bin/tool': 'file', [path]: node });
    expect(findings).toEqual([
      {
        code,
        layer: 'content',
        level: 'error',
        message: expect.stringMatching(message),
        hint: expect.any(String),
        subjects: [path],
        count: 1,
      },
    ]);
  });

  it.each<[string, ContentFinding['level'], string, ErofsNode | ReturnType<typeof file>]>([
    ['set-id-file', 'warning', 'usr/bin/su', file({ mode: 0o4755 })],
    ['set-id-file', 'warning', 'usr/bin/wall', file({ mode: 0o2755, gid: 5 })],
    ['device-node', 'warning', 'usr/null', device('character-device', 1, 3)],
    ['device-node', 'warning', 'usr/disk', device('block-device', 0, 0)],
    ['world-writable', 'warning', 'usr/lib/x', file({ mode: 0o666 })],
    ['world-writable', 'warning', 'usr/lib/tmp', directory([], { mode: 0o1777 })],
    ['shared-directory-changed', 'warning', 'usr/local/share', directory([], { mode: 0o2775, gid: 50 })],
    ['shared-directory-changed', 'warning', 'usr/share', directory([], { uid: 1000 })],
    ['shared-directory-changed', 'warning', 'usr/share', directory([], { mode: 0o777 })],
    ['shared-directory-changed', 'warning', 'usr/share', directory([], xattrs('system.posix_acl_access'))],
    ['file-capabilities', 'note', 'usr/bin/ping', file(xattrs('security.capability'))],
    ['outside-hierarchies', 'warning', 'var', directory()],
    ['outside-hierarchies', 'warning', 'dev', device('character-device', 0, 0)],
  ])('is worth a %s (%s): %s', async (code, level, path, node) => {
    const findings = await check({ [RELEASE]: 'file', 'usr/lib/tool': 'file', [path]: node });
    expect(findings).toMatchObject([
      { code, level, subjects: [path], message: expect.stringContaining(`'${path}' `) },
    ]);
  });

  it('may have any mode at the top of a hierarchy, to which systemd gives the one of the host', async () => {
    expect(
      await check({ usr: directory([], { mode: 0o700, uid: 5 }), [RELEASE]: 'file', 'usr/x': 'file' }),
    ).toEqual([]);
  });

  it.each<[string, Parameters<typeof check>[0], ExtensionKind]>([
    ['empty', {}, SYSEXT],
    ['its release file only', { [RELEASE]: 'file' }, SYSEXT],
    ['directories only', { [RELEASE]: 'file', 'usr/bin': directory() }, SYSEXT],
    ['files for another class', { 'etc/x.conf': 'file' }, SYSEXT],
    ['files of another class', { 'usr/bin/x': 'file' }, CONFEXT],
  ])('must extend a host: %s', async (_, entries, kind) => {
    const findings = await check(entries, kind);
    expect(findings[0]).toMatchObject({
      code: 'nothing-to-extend',
      level: 'error',
      subjects: kind.hierarchies,
    });
  });

  it('is counted, errors first, and the first ones named', async () => {
    const many = Array.from({ length: 30 }, (_, index) => `usr/bin/tool-${String(index).padStart(2, '0')}`);
    const findings = await check({
      ...Object.fromEntries(many.map((path) => [path, file({ mode: 0o4755 })])),
      'usr/lib/os-release': 'file',
      'srv/a\x1bb': 'file',
    });
    expect(findings.map(({ code, count }) => [code, count])).toEqual([
      ['os-release', 1],
      ['set-id-file', 30],
      ['outside-hierarchies', 2],
    ]);
    expect(findings[1]!.subjects).toEqual(many.slice(0, SUBJECTS_MAX));
    expect(findings[1]!.message).toMatch(/^'usr\/bin\/tool-00' gives whoever runs it .* \(and 29 more\)$/);
    expect(findings[2]!.subjects).toEqual(['srv', 'srv/a\\x1bb']);
  });
});
