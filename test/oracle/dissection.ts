import { basename } from 'node:path';
import { expect } from 'vitest';
import { mustRunInSystemdRoot } from '../support/systemd-root.ts';
import { releaseLines, type TreeCase } from '../support/trees.ts';

/** systemd-dissect's description of an image: as data, and as the text that a person sees. */
export async function dissect(directory: string, image: string): Promise<{ json: unknown; text: string }> {
  const json = await mustRunInSystemdRoot(directory, ['systemd-dissect', '--json=short', image]);
  const text = await mustRunInSystemdRoot(directory, ['systemd-dissect', '--no-pager', image]);
  return { json: JSON.parse(json.stdout), text: text.stdout };
}

/** What systemd-dissect must say, as data, of a signed x86-64 image of a tree; all of it. */
export function expectedDissection({ kind }: TreeCase, image: string, diskGuid: string): unknown {
  const sysext = kind === 'sysext';
  const partition = (
    designator: string,
    suffix: string,
    fstype: string,
    verity: string | null,
    partno: number,
  ) => ({
    rw: 'ro',
    designator,
    partition_uuid: expect.any(String),
    partition_label: `root-x86-64${suffix}`,
    fstype,
    architecture: 'x86-64',
    verity,
    growfs: false,
    node: expect.any(String),
    partno,
  });
  return {
    name: basename(image),
    sectorSize: 512,
    architecture: 'x86-64',
    imageUuid: diskGuid,
    [sysext ? 'sysextRelease' : 'confextRelease']: releaseLines('x86-64'),
    useBootableUefi: false,
    useBootableContainer: false,
    useInitrd: false,
    usePortableService: false,
    useSystemExtension: sysext,
    useInitRDSystemExtension: false,
    usePortableSystemExtension: sysext,
    useConfigurationExtension: !sysext,
    useInitRDConfigurationExtension: false,
    usePortableConfigurationExtension: !sysext,
    mounts: [
      partition('root', '', 'erofs', 'signed', 1),
      partition('root-verity', '-verity', 'DM_verity_hash', null, 2),
      partition('root-verity-sig', '-verity-sig', 'verity_hash_signature', null, 3),
    ],
  };
}

/** Lines of the document's example that systemd-dissect must print of such an image. */
export function expectedText({ kind, name }: TreeCase, diskGuid: string): string[] {
  return [
    ' Sec. Size: 512\n     Arch.: x86-64\n',
    `Image Name: ${name}\nImage UUID: ${diskGuid}\n${kind === 'sysext' ? ' ' : ''}${kind} R.: ID=_any\n            ARCHITECTURE=x86-64\n`,
    `            ✓ ${kind} for system\n            ✓ ${kind} for portable service\n            ✗ ${kind} for initrd\n`,
  ];
}
