import { describe, expect, it } from 'vitest';
import { utf8ByteString } from '../../../src/base/byte-string.ts';
import type { ErofsNode } from '../../../src/image/erofs/tree.ts';
import { ImageError } from '../../../src/image/error.ts';
import { allReleases, findRelease } from '../../../src/image/extension/find-release.ts';
import { CONFEXT, SYSEXT } from '../../../src/image/extension/kind.ts';
import { RELEASE_FILE_MAX } from '../../../src/image/extension/release.ts';
import type { FileSystem } from '../../../src/image/file-system.ts';
import { attributes, directory, TestImage } from '../erofs/build-image.ts';

const link = (target: string): ErofsNode => ({ type: 'symlink', ...attributes({ mode: 0o777 }), target });

/** A release file by its content, and what its attribute `user.extension-release.strict` is. */
type Given = string | { readonly content: string; readonly strict: string } | ErofsNode;

async function image(files: Readonly<Record<string, Given>>): Promise<FileSystem> {
  const image = new TestImage();
  const nodes = new Map<string, ErofsNode>();
  for (const [name, given] of Object.entries(files)) {
    if (typeof given === 'string') nodes.set(utf8ByteString(name), await image.file(given));
    else if ('type' in given) nodes.set(name, given);
    else {
      const xattrs = new Map([['user.extension-release.strict', Buffer.from(given.strict)]]);
      nodes.set(name, await image.file(given.content, { xattrs }));
    }
  }
  await image.finish(
    directory([
      ['usr', directory([['lib', directory([['extension-release.d', directory(nodes)]])]])],
      ['etc', directory([['extension-release.d', link('../usr/lib/extension-release.d')]])],
    ]),
  );
  return image.open();
}

const path = 'usr/lib/extension-release.d';

describe('the release file of an extension', () => {
  it('is the one of its name, whatever else there is', async () => {
    const fileSystem = await image({
      'extension-release.k3s_1': 'ID=a\n',
      'extension-release.k3s': 'ID=b\n',
      'extension-release.x': { content: 'ID=c\n', strict: '0' },
    });
    expect(await findRelease(fileSystem, SYSEXT, 'k3s_1')).toEqual({
      outcome: 'found',
      by: 'name',
      file: { path: `${path}/extension-release.k3s_1`, name: 'k3s_1', release: new Map([['ID', 'a']]) },
    });
  });

  it('is the one of the name without version', async () => {
    const fileSystem = await image({ 'extension-release.k3s': 'ID=b\n', 'extension-release.k3': 'ID=c\n' });
    expect(await findRelease(fileSystem, SYSEXT, 'k3s_1.2')).toMatchObject({
      by: 'base-name',
      file: { name: 'k3s' },
    });
    expect(await findRelease(fileSystem, SYSEXT, 'k3s+x')).toMatchObject({ by: 'base-name' });
    expect(await findRelease(fileSystem, SYSEXT, 'k3s-1.2')).toEqual({
      outcome: 'missing',
      others: ['k3', 'k3s'],
    });
  });

  it.each(['0', 'no', 'N', 'false', 'F', 'oFF'])(
    'is one that says %j to being strict about its name',
    async (strict) => {
      const fileSystem = await image({ 'extension-release.other': { content: 'ID=a\n', strict } });
      expect(await findRelease(fileSystem, SYSEXT, 'k3s')).toMatchObject({
        outcome: 'found',
        by: 'attribute',
        file: { name: 'other' },
      });
    },
  );

  it.each(['1', 'true', '', '0\n', 'falsehood'])('is none that says %j', async (strict) => {
    const fileSystem = await image({ 'extension-release.other': { content: 'ID=a\n', strict } });
    expect(await findRelease(fileSystem, SYSEXT, 'k3s')).toMatchObject({ outcome: 'missing' });
  });

  it('is ambiguous if two could be meant', async () => {
    const fileSystem = await image({
      'extension-release.a': { content: 'ID=a\n', strict: '0' },
      'extension-release.k3s': 'ID=a\n',
    });
    expect(await findRelease(fileSystem, SYSEXT, 'k3s_1')).toEqual({
      outcome: 'ambiguous',
      candidates: ['a', 'k3s'],
    });
  });

  it('is no link, directory, backup or impossible name unless it is the very name', async () => {
    const fileSystem = await image({
      'extension-release.k3s': link('/usr/lib/extension-release.d/target'),
      'extension-release.dir': directory(),
      'extension-release.k3s~': 'ID=a\n',
      'extension-release.bak': 'ID=a\n',
      'extension-release.#x': 'ID=a\n',
      'extension-release..#x': 'ID=a\n',
      'extension-release.': 'ID=a\n',
      target: 'ID=t\n',
    });
    expect(await findRelease(fileSystem, SYSEXT, 'k3s_1')).toEqual({ outcome: 'missing', others: ['#x'] });
    expect(await findRelease(fileSystem, SYSEXT, 'k3s')).toMatchObject({
      by: 'name',
      file: { path: `${path}/target`, name: 'k3s', release: new Map([['ID', 't']]) },
    });
    await expect(findRelease(fileSystem, SYSEXT, 'dir')).rejects.toThrow(
      'usr/lib/extension-release.d/extension-release.dir is a directory, not a release file',
    );
  });

  it('is found through links that stay in the image', async () => {
    const fileSystem = await image({
      'extension-release.a': 'ID=a\n',
      'extension-release.up': link(
        '../../../../../../usr/lib/../lib/./extension-release.d/extension-release.a',
      ),
      'extension-release.dangling': link('/nowhere/at/all'),
      'extension-release.through-file': link('extension-release.a/x'),
    });
    expect(await findRelease(fileSystem, CONFEXT, 'a')).toMatchObject({
      file: { path: `${path}/extension-release.a` },
    });
    expect(await findRelease(fileSystem, SYSEXT, 'up')).toMatchObject({
      file: { path: `${path}/extension-release.a` },
    });
    expect(await findRelease(fileSystem, SYSEXT, 'dangling')).toMatchObject({ outcome: 'missing' });
    expect(await findRelease(fileSystem, SYSEXT, 'through-file')).toMatchObject({ outcome: 'missing' });
  });

  it.each([
    ['to itself', 'extension-release.loop'],
    ['that grows', 'x/../extension-release.loop/y'],
    ['of endless length', `${'./../extension-release.d/'.repeat(150)}target`],
  ])('is not searched for along a link %s', async (_, target) => {
    const fileSystem = await image({ 'extension-release.loop': link(target), x: directory() });
    await expect(findRelease(fileSystem, SYSEXT, 'loop')).rejects.toThrow(ImageError);
    await expect(findRelease(fileSystem, SYSEXT, 'loop')).rejects.toThrow(
      /lead too far, or round in circles/,
    );
  });

  it('is missing where there is no directory for it', async () => {
    const empty = new TestImage();
    await empty.finish(directory([['usr', directory([['lib', await empty.file('')]])]]));
    expect(await findRelease(await empty.open(), SYSEXT, 'a')).toEqual({ outcome: 'missing', others: [] });
  });

  it('is not read if it is larger than any', async () => {
    const fileSystem = await image({ 'extension-release.a': `A=${'x'.repeat(RELEASE_FILE_MAX)}` });
    await expect(findRelease(fileSystem, SYSEXT, 'a')).rejects.toThrow(
      expect.objectContaining({ code: 'out-of-range' }),
    );
  });

  it('may be none that systemd reads', async () => {
    const fileSystem = await image({ 'extension-release.a': 'ID=\xff' });
    expect(await findRelease(fileSystem, SYSEXT, 'a')).toMatchObject({ file: { release: undefined } });
  });
});

describe('the release files of an image of any name', () => {
  it('are all there are', async () => {
    const fileSystem = await image({
      'extension-release.b': 'ID=b',
      'extension-release.a': 'ID=a',
      other: '',
    });
    expect(
      (await allReleases(fileSystem, SYSEXT)).map(({ name, release }) => [name, release?.get('ID')]),
    ).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
  });
});
