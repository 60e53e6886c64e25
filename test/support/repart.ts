import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyPair } from './key-pair.ts';
import { mustRunInSystemdRoot } from './systemd-root.ts';

/** What systemd-repart is asked to build. Every path lies below `directory`. */
export interface RepartRequest {
  /** What systemd-repart can see. */
  readonly directory: string;
  /** The image to write; it must not exist. */
  readonly output: string;
  readonly kind: 'sysext' | 'confext';
  /** The tree whose `usr` and `opt`, or `etc`, go into the image. With `erofs` any tree will do. */
  readonly tree: string;
  readonly seed: string;
  readonly sourceDateEpoch: number;
  /** Absent: verity without a signature partition. */
  readonly signer: KeyPair | undefined;
  /** systemd's name of the architecture that the partition types name. */
  readonly architecture?: 'x86-64' | 'arm64' | 'riscv64';
  /** A file system to use as it is, instead of one that mkfs.erofs makes of the tree. */
  readonly erofs?: string;
}

/** Quotes a word for sh. */
const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * Builds an image with systemd-repart 257, the reference for every byte of partition table, verity and signature.
 *
 * With `erofs` a script called mkfs.erofs stands first in PATH and copies that file where systemd-repart wants its
 * file system, so that two images of the same file system can be compared byte for byte.
 */
export async function repartImage(request: RepartRequest): Promise<void> {
  const scratch = await mkdtemp(join(request.directory, 'repart-'));
  try {
    let path = '/usr/sbin:/usr/bin';
    let tree = request.tree;
    if (request.erofs !== undefined) {
      const mkfs = join(scratch, 'mkfs.erofs');
      // systemd-repart's last two arguments are the file to write and the tree to read.
      const copy = `while [ $# -gt 2 ]; do shift; done\ncp --sparse=always ${quote(request.erofs)} "$1"\n`;
      await writeFile(mkfs, `#!/bin/sh\nset -eu\n${copy}`);
      await chmod(mkfs, 0o755);
      path = `${scratch}:${path}`;
      // The tree is copied before mkfs.erofs runs: a small one that is not empty saves that.
      tree = join(scratch, 'tree');
      await mkdir(join(tree, request.kind === 'sysext' ? 'usr' : 'etc', 'placeholder'), { recursive: true });
    }
    const signing =
      request.signer === undefined
        ? ['--exclude-partitions=root-verity-sig']
        : [`--private-key=${request.signer.key}`, `--certificate=${request.signer.certificate}`];
    const architecture = request.architecture === undefined ? [] : [`--architecture=${request.architecture}`];
    await mustRunInSystemdRoot(
      request.directory,
      [
        'systemd-repart',
        `--make-ddi=${request.kind}`,
        `--copy-source=${tree}`,
        `--seed=${request.seed}`,
        ...signing,
        ...architecture,
        '--json=short',
        request.output,
      ],
      { PATH: path, SOURCE_DATE_EPOCH: String(request.sourceDateEpoch) },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
