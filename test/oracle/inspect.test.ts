import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { fromDirectory, type ImageBuilder, systemdRepart } from '../support/image-builder.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { succeeded } from '../support/run-command.ts';
import { plantTree, releasePath, SOURCE_DATE_EPOCH, small, type TreeCase } from '../support/trees.ts';
import { dissect } from './dissection.ts';

let directory: string;
let signer: KeyPair;
let images = 0;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-inspect-');
  signer = await makeKeyPair(directory, 'signer', 'rsa-2048');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function build(
  builder: ImageBuilder,
  treeCase: TreeCase,
  release: string | undefined,
  isSigned: boolean,
): Promise<string> {
  const own = join(directory, `image-${images++}`);
  const tree = join(own, 'tree');
  const outputDirectory = join(own, 'output');
  await mkdir(outputDirectory, { recursive: true });
  await plantTree(treeCase, tree, 'x86-64');
  if (release !== undefined) await writeFile(join(tree, releasePath(treeCase)), release);
  return builder({
    directory,
    outputDirectory,
    tree,
    name: treeCase.name,
    kind: treeCase.kind,
    signer: isSigned ? signer : undefined,
    seed: '6f1b0bcb-4a43-5b52-8d1a-111111111111',
    sourceDateEpoch: SOURCE_DATE_EPOCH,
    architecture: 'x86-64',
  });
}

const confext: TreeCase = { name: 'site', kind: 'confext', fill: 'echo x >site.conf' };

const cases: readonly (readonly [string, ImageBuilder, TreeCase, string | undefined, boolean])[] = [
  ['a signed sysext of systemd-repart', systemdRepart, small, undefined, true],
  ['a signed sysext of ours', fromDirectory, small, undefined, true],
  ['an unsigned sysext', fromDirectory, small, undefined, false],
  ['a confext', systemdRepart, confext, undefined, true],
  ['an extension for the initrd only', systemdRepart, small, 'ID=_any\nSYSEXT_SCOPE=initrd\n', true],
  [
    'an extension for everything, with many fields',
    systemdRepart,
    small,
    'ID=debian\n# a comment\nVERSION_ID="13"\nSYSEXT_SCOPE="system initrd  portable"\nSYSEXT_LEVEL=\'1.0\'\nEXTENSION_RELOAD_MANAGER=1\n',
    true,
  ],
];

describe.each(cases)('%s', (_, builder, treeCase, release, isSigned) => {
  let image: string;
  let theirs: { json: unknown; text: string };

  beforeAll(async () => {
    image = await build(builder, treeCase, release, isSigned);
    theirs = await dissect(directory, image);
  });

  it('is described by all that systemd-dissect --json says', async () => {
    const ours = JSON.parse(succeeded(await auroraboot(['inspect', '--json', image])).stdout) as object;
    const { mounts, ...rest } = theirs.json as { mounts: { node: unknown; verity: unknown }[] };
    expect(ours).toMatchObject(rest);
    // There is no loop device here; and without a signature systemd 257 does not use the hash tree that is there.
    const expected = mounts.map(({ node: _node, verity, ...mount }) => ({
      ...mount,
      verity: !isSigned && verity === 'no' ? 'yes' : verity,
      node: null,
    }));
    expect((ours as { mounts: unknown[] }).mounts).toMatchObject(expected);
    expect((ours as { mounts: unknown[] }).mounts).toHaveLength(expected.length);
  });

  it('has the lines of systemd-dissect in its text', async () => {
    const { stdout } = succeeded(await auroraboot(['inspect', image]));
    const ours = stdout.split('\n');
    const wanted = theirs.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^ File Name:/, '      Name:'))
      .map((line) => (isSigned ? line : line.replace(/^(ro root .*) no {5}no/, '$1 yes    no')));
    expect(ours).toEqual(expect.arrayContaining(wanted));
    // And in the same order.
    expect(ours.filter((line) => wanted.includes(line))).toEqual(wanted);
  });
});

it('an image under another name still shows its extension', async () => {
  const image = await build(fromDirectory, small, undefined, true);
  const renamed = join(image, '..', 'renamed.raw');
  await copyFile(image, renamed);
  const { stdout } = succeeded(await auroraboot(['inspect', '--json', renamed]));
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'renamed.raw',
    useSystemExtension: true,
    sysextRelease: ['ID=_any', 'ARCHITECTURE=x86-64'],
    extension: { class: 'sysext', name: small.name, isRenamed: true },
  });
});
