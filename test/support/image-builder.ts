import { join } from 'node:path';
import type { KeyPair } from './key-pair.ts';
import { repartImage } from './repart.ts';
import type { TreeCase } from './trees.ts';

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
