import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MB = 1_000_000;
const BLOCK = 4096;

/** A tree that becomes the last layer of an image. */
export interface Workload {
  readonly name: string;
  readonly description: string;
  /** Writes the tree under a directory. */
  make(directory: string): void;
}

/**
 * Bytes as programs have them: those of the Node executable, with a number at the start of every block so that
 * no two blocks, and no two files, are equal. They compress about as well as real layers.
 */
class ProgramBytes {
  readonly #template = readFileSync(process.execPath);
  #position = 0;
  #counter = 0;

  take(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let offset = 0; offset < length; ) {
      if (this.#position === this.#template.length) this.#position = 0;
      const copied = this.#template.copy(bytes, offset, this.#position);
      this.#position += copied;
      offset += copied;
    }
    for (let offset = 0; offset + 8 <= length; offset += BLOCK) {
      bytes.writeBigUInt64LE(BigInt(this.#counter++), offset);
    }
    return bytes;
  }
}

function files(directory: string, count: number, size: (index: number) => number): void {
  const source = new ProgramBytes();
  for (let index = 0; index < count; index++) {
    const parent = join(directory, 'usr/local/lib/bench', String(Math.floor(index / 100)));
    mkdirSync(parent, { recursive: true });
    writeFileSync(join(parent, `file-${index}`), source.take(size(index)));
  }
}

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'binary',
    description: 'one file of 42 MB',
    make: (directory) => files(directory, 1, () => 42 * MB),
  },
  {
    name: 'small-files',
    description: '15,000 files of 3 to 23 kB, 200 MB',
    make: (directory) => files(directory, 15_000, (index) => 3000 + ((index * 7919) % 20_600)),
  },
  {
    name: 'large',
    description: '6 files, 590 MB',
    make: (directory) => files(directory, 6, () => 98_333_333),
  },
];

/** Trees of growing size, to see what grows with them. */
export const GROWING: readonly Workload[] = [1, 10, 100].map((hundredths) => ({
  name: `growing-${hundredths}`,
  description: `${hundredths} ${hundredths === 1 ? 'file' : 'files'}, ${hundredths * 44} MB`,
  make: (directory) => files(directory, hundredths, () => 44 * MB),
}));

/**
 * Packs a tree as a gzip layer, as `docker build` does.
 *
 * @param level 1 packs fast.
 */
export function packLayer(tree: string, file: string, level = 6): void {
  const names = ['--sort=name', '--owner=0', '--group=0', `--use-compress-program=gzip -${level}`];
  execFileSync('tar', ['-C', tree, ...names, '-cf', file, 'usr']);
}
