import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from '../support/run-command.ts';

/** A file tree to build images of, hard in one respect. */
export interface TreeCase {
  /** Name of the extension, and so of the extension-release file that the tree carries. */
  readonly name: string;
  readonly kind: 'sysext' | 'confext';
  /** A shell script that fills the hierarchy (`usr` or `etc`), which exists and is its working directory. */
  readonly fill: string;
}

/** No file of a planted tree is newer, so that an image built with this epoch keeps every time as it is. */
export const SOURCE_DATE_EPOCH = 1_750_000_000;

/** The top directories whose content a kind of extension holds. */
export const hierarchyOf = (kind: TreeCase['kind']): 'usr' | 'etc' => (kind === 'sysext' ? 'usr' : 'etc');

/** Path inside the image of the file that says what the extension fits. */
export const releasePath = ({ kind, name }: Pick<TreeCase, 'kind' | 'name'>): string =>
  kind === 'sysext'
    ? `usr/lib/extension-release.d/extension-release.${name}`
    : `etc/extension-release.d/extension-release.${name}`;

/** Lines of the extension-release file of a planted tree. */
export const releaseLines = (architecture: string): string[] => ['ID=_any', `ARCHITECTURE=${architecture}`];

/** Makes the tree of a case in `tree`, which must not exist; needs root for owners and devices. */
export async function plantTree(treeCase: TreeCase, tree: string, architecture: string): Promise<void> {
  const release = join(tree, releasePath(treeCase));
  await mkdir(dirname(release), { recursive: true });
  await writeFile(release, `${releaseLines(architecture).join('\n')}\n`);
  await mustRun('bash', ['-euc', `umask 022\n${treeCase.fill}`], {
    cwd: join(tree, hierarchyOf(treeCase.kind)),
    env: { LC_ALL: 'C' },
  });
  // What the script gave no older time gets one with nanoseconds.
  await mustRun('sh', [
    '-euc',
    `find "$1" -newermt @${SOURCE_DATE_EPOCH} -print0 | xargs -0 touch --no-dereference --date=@1700000000.123456789`,
    'sh',
    tree,
  ]);
}

/** A program that a test can run after a merge, with what an ordinary tree has around it. */
export const small: TreeCase = {
  name: 'small-1.0',
  kind: 'sysext',
  fill: `
    mkdir -p bin share/small
    printf '#!/bin/sh\\necho small extension\\n' >bin/small-extension
    chmod 755 bin/small-extension
    ln -s small-extension bin/small-alias
    seq 1 4000 >share/small/numbers
  `,
};

const configuration: TreeCase = {
  name: 'configuration',
  kind: 'confext',
  fill: `
    mkdir -p small.d
    echo setting=1 >small.d/10-setting.conf
    chmod 640 small.d/10-setting.conf
  `,
};

/** Nothing but the extension-release file: one block, so a hash tree without levels. */
const bare: TreeCase = { name: 'bare', kind: 'sysext', fill: '' };

const everyType: TreeCase = {
  name: 'every-type',
  kind: 'sysext',
  fill: `
    mkdir -p lib/odd/empty
    cd lib/odd
    for size in 0 1 4095 4096 4097 65536 1048577; do head -c "$size" /dev/urandom >"file-$size"; done
    cp file-65536 same-content
    ln file-4097 second-name
    mkdir other
    ln file-4097 other/third-name
    ln -s "$(printf 'long/%.0s' $(seq 1 800))" long-link
    ln -s x short-link
    mkfifo fifo
    mknod block b 259 1048575
    mknod character c 10 229
    mkdir sticky && chmod 1777 sticky
    cp file-1 set-id && chown 70000:3000000000 set-id && chmod 6755 set-id
    chmod 0 file-1
    touch --date=@0 file-4095
    touch --date=@1234567890.000000001 file-4096
  `,
};

const attributes: TreeCase = {
  name: 'attributes',
  kind: 'sysext',
  fill: `
    mkdir -p lib/attributes
    cd lib/attributes
    for name in one two three four; do
      echo "$name" >"$name"
      setfattr --name=user.shared --value="$(printf 'shared %.0s' $(seq 1 100))" "$name"
    done
    setcap cap_net_bind_service,cap_sys_admin=ep one
    setfattr --name=user.long --value="$(printf '%02000d' 0)" two
    setfattr --name=user.$(printf 'n%.0s' $(seq 1 250)) --value=x two
    setfattr --name=user.empty three
    setfattr --name=user.binary --value=0x00ff0a0d22 three
    setfattr --name=trusted.note --value=t three
    mkdir directory
    setfattr --name=user.directory --value=d directory
    ln -s one link
    setfattr --no-dereference --name=trusted.link --value=l link
  `,
};

const names: TreeCase = {
  name: 'names',
  kind: 'sysext',
  fill: `
    mkdir -p lib/names
    cd lib/names
    touch "$(printf '%0255d' 0)" "$(printf 'x%.0s' $(seq 1 255))" ' ' '!' '+' '...' '-' $'\\n' $'\\x7f' $'\\xff\\xfe' $'\\xc3\\xa9' 'e' 'é'
    mkdir "$(printf 'd%.0s' $(seq 1 255))"
    path=.
    for level in $(seq 1 300); do path=$path/level-$level; done
    mkdir -p "$path"
    echo deep >"$path/file"
  `,
};

/** A directory of many blocks, and enough files that metadata outweighs data. */
const manyFiles: TreeCase = {
  name: 'many-files',
  kind: 'sysext',
  fill: `
    mkdir -p share/many
    seq 1 15000 | split --lines=1 --suffix-length=5 --numeric-suffixes - share/many/in-one-directory-
    for directory in $(seq 1 40); do
      mkdir "share/many/$directory"
      mv share/many/in-one-directory-??"$(printf '%03d' "$directory")" "share/many/$directory/"
    done
  `,
};

const sparse: TreeCase = {
  name: 'sparse',
  kind: 'sysext',
  fill: `
    mkdir -p share/sparse
    truncate --size=2G share/sparse/two-gibibytes
    printf middle | dd of=share/sparse/two-gibibytes bs=1 seek=1073741824 conv=notrunc status=none
    truncate --size=1M share/sparse/only-a-hole
  `,
};

/** A tree whose file system has about this many blocks: one file, of bytes that differ. */
export const ofBlocks = (blocks: number): TreeCase => ({
  name: `blocks-${blocks}`,
  kind: 'sysext',
  fill: `mkdir share; head -c ${blocks * 4096} /dev/urandom >share/data`,
});

/** Every tree that image builders are held to. */
export const treeCases: readonly TreeCase[] = [
  small,
  configuration,
  bare,
  everyType,
  attributes,
  names,
  manyFiles,
  sparse,
];
