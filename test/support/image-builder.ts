import { join } from 'node:path';
import { auroraboot } from './auroraboot.ts';
import type { KeyPair } from './key-pair.ts';
import { repartImage } from './repart.ts';
import { mustRun, succeeded } from './run-command.ts';
import { hierarchyOf, type TreeCase } from './trees.ts';

/** An image that a builder is asked to make. */
export interface ImageRequest {
  /** Scratch space; every other path lies below it, so that the reference tools can see it. */
  readonly directory: string;
  readonly name: string;
  readonly kind: TreeCase['kind'];
  /** The tree whose hierarchy goes into the image; it carries its extension-release file. */
  readonly tree: string;
  readonly seed: string;
  readonly sourceDateEpoch: number;
  /** Absent: verity without a signature partition. */
  readonly signer: KeyPair | undefined;
  /** systemd's name of the architecture. */
  readonly architecture: 'x86-64' | 'arm64' | 'riscv64';
  /** An empty directory for the image, which is named NAME.sysext.raw or NAME.confext.raw. */
  readonly outputDirectory: string;
}

/** Builds the image and returns its path: the product, or the tool that it is compared with. */
export type ImageBuilder = (request: ImageRequest) => Promise<string>;

/** The reference: what it fails, no builder can be asked to pass. */
export const systemdRepart: ImageBuilder = async (request) => {
  const output = join(request.outputDirectory, `${request.name}.${request.kind}.raw`);
  await repartImage({ ...request, output });
  return output;
};

const GO_NAMES = { 'x86-64': 'amd64', arm64: 'arm64', riscv64: 'riscv64' } as const;

/** systemd-repart does not compress unless its configuration asks for it. */
const AS_REPART = ['--compression', 'none'];

/** What this project makes of a source. */
async function auroraImage(request: ImageRequest, source: string): Promise<string> {
  const { kind, name, signer, seed, outputDirectory, architecture, sourceDateEpoch } = request;
  const keys = signer === undefined ? [] : ['--private-key', signer.key, '--certificate', signer.certificate];
  const where = ['--seed', seed, '--arch', GO_NAMES[architecture], '--output', outputDirectory];
  const outcome = await auroraboot([kind, ...AS_REPART, ...keys, ...where, name, source], {
    env: { SOURCE_DATE_EPOCH: String(sourceDateEpoch) },
  });
  return succeeded(outcome).stdout.trimEnd();
}

/** The product, from the tree itself. */
export const fromDirectory: ImageBuilder = (request) => auroraImage(request, `dir:${request.tree}`);

/** The product, from the tree in a tar archive that GNU tar made. */
export const fromArchive: ImageBuilder = async (request) => {
  const archive = `${request.outputDirectory}.tar`;
  const keepAll = ['--format=posix', '--xattrs', '--xattrs-include=*', '--acls', '--sparse', '--sort=name'];
  await mustRun('tar', [...keepAll, '-C', request.tree, '-cf', archive, hierarchyOf(request.kind)]);
  return auroraImage(request, `tar:${archive}`);
};
