import { join } from 'node:path';
import { auroraboot } from '../support/auroraboot.ts';
import type { ImageBuilder, ImageRequest } from '../support/image-builder.ts';
import { mustRun, succeeded } from '../support/run-command.ts';
import { hierarchyOf, treeCases } from '../support/trees.ts';
import { describeImageBuilder } from './conformance.ts';

const GO_NAMES = { 'x86-64': 'amd64', arm64: 'arm64', riscv64: 'riscv64' } as const;

async function build(request: ImageRequest, source: string): Promise<string> {
  const { kind, name, signer, seed, outputDirectory, architecture, sourceDateEpoch } = request;
  const keys = signer === undefined ? [] : ['--private-key', signer.key, '--certificate', signer.certificate];
  const where = ['--seed', seed, '--arch', GO_NAMES[architecture], '--output', outputDirectory];
  const outcome = await auroraboot([kind, ...keys, ...where, name, source], {
    env: { SOURCE_DATE_EPOCH: String(sourceDateEpoch) },
  });
  return succeeded(outcome).stdout.trimEnd();
}

const fromDirectory: ImageBuilder = (request) => build(request, `dir:${request.tree}`);

const fromArchive: ImageBuilder = async (request) => {
  const archive = join(request.outputDirectory, '..', 'layer.tar');
  const keepAll = ['--format=posix', '--xattrs', '--xattrs-include=*', '--acls', '--sparse', '--sort=name'];
  await mustRun('tar', [...keepAll, '-C', request.tree, '-cf', archive, hierarchyOf(request.kind)]);
  return build(request, `tar:${archive}`);
};

// A tree with nothing but its extension-release file would extend nothing: that is refused.
const extending = treeCases.filter(({ name }) => name !== 'bare');

describeImageBuilder('auroraboot from a directory', fromDirectory, extending);
describeImageBuilder('auroraboot from an archive', fromArchive, extending);
