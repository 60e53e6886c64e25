import { escapeControls } from '../../base/display.ts';
import type { ImageUses } from '../../image/extension/image-uses.ts';
import type { ImageDescription, MountDescription } from '../../trust/image-description.ts';
import { iecSize } from '../iec-size.ts';
import { textTable } from '../text-table.ts';

/** Width of the field names, which are right-aligned. */
const FIELD_WIDTH = 10;

const USES: readonly (readonly [keyof ImageUses, string])[] = [
  ['useBootableUefi', 'bootable system for UEFI'],
  ['useBootableContainer', 'bootable system for container'],
  ['usePortableService', 'portable service'],
  ['useInitrd', 'initrd'],
  ['useSystemExtension', 'sysext for system'],
  ['usePortableSystemExtension', 'sysext for portable service'],
  ['useInitRDSystemExtension', 'sysext for initrd'],
  ['useConfigurationExtension', 'confext for system'],
  ['usePortableConfigurationExtension', 'confext for portable service'],
  ['useInitRDConfigurationExtension', 'confext for initrd'],
];

/** A description in the layout of `systemd-dissect`, with what it does not show after it. */
export function inspectText(image: ImageDescription): string {
  const blocks = [
    fields([
      ['Name', [image.name]],
      ['Size', [iecSize(image.size)]],
      ['Sec. Size', [String(image.sectorSize)]],
      ['Arch.', [image.architecture ?? 'n/a']],
    ]),
    fields([
      ['Image Name', renamedFrom(image)],
      ['Image UUID', optional(image.imageUuid)],
      ['Hostname', optional(image.hostname)],
      ['Machine ID', optional(image.machineId)],
      ['Mach. Info', image.machineInfo ?? []],
      ['OS Release', image.osRelease ?? []],
      ['initrd R.', image.initrdRelease ?? []],
      ['sysext R.', image.sysextRelease ?? []],
      ['confext R.', image.confextRelease ?? []],
    ]),
    fields([['Use As', USES.map(([key, use]) => `${image[key] ? '✓' : '✗'} ${use}`)]]),
    fields([
      ['Root Hash', optional(image.verity?.rootHash)],
      ['Signed By', signers(image)],
      ['Compressed', image.fileSystem === undefined ? [] : [image.fileSystem.compression.join(', ') || 'no']],
      ['Kernel', kernels(image)],
      ['Files', fileCounts(image)],
      ['Largest', largest(image)],
    ]),
    mountTable(image.mounts),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** The kernels that can read it, and why older ones cannot. */
function kernels({ fileSystem }: ImageDescription): string[] {
  const kernel = fileSystem?.kernel;
  return kernel === undefined ? [] : [`Linux ${kernel.version} or later, as it ${kernel.reason}`];
}

function optional(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

/** The extension's own name, where the file's does not tell it. */
function renamedFrom({ extension }: ImageDescription): string[] {
  return extension === undefined ? [] : [extension.name];
}

function signers({ signature }: ImageDescription): string[] {
  if (signature === undefined) return ['nobody'];
  const stated = optional(signature.certificateFingerprint).map((fingerprint) => `SHA-256 ${fingerprint}`);
  if (signature.signers.length === 0) return stated;
  return signature.signers.flatMap(({ subject, fingerprint }) => [subject, `SHA-256 ${fingerprint}`]);
}

function fileCounts({ fileSystem }: ImageDescription): string[] {
  if (fileSystem === undefined) return [];
  const { file = 0, directory = 0, symlink = 0, ...others } = fileSystem.names;
  const rest = Object.values(others).reduce((sum, count) => sum + count, 0);
  const counts = `${file}, with ${directory} directories and ${symlink} links${rest > 0 ? ` and ${rest} others` : ''}`;
  return [`${counts}; ${iecSize(fileSystem.contentSize)}`];
}

function largest({ fileSystem }: ImageDescription): string[] {
  return (fileSystem?.largest ?? [])
    .slice(0, 5)
    .map(({ path, size }) => `${iecSize(size).padStart(7)} ${path}`);
}

/** Names and values in pairs; the further values of a name stand below its first. Names without values are left out. */
function fields(pairs: readonly (readonly [string, readonly string[]])[]): string {
  return pairs
    .flatMap(([name, values]) =>
      values.map((value, index) => {
        const label = index === 0 ? `${name.padStart(FIELD_WIDTH)}:` : ' '.repeat(FIELD_WIDTH + 1);
        return `${label} ${escapeControls(value)}`;
      }),
    )
    .join('\n');
}

function mountTable(mounts: readonly MountDescription[]): string {
  return textTable(
    [
      { title: 'RW' },
      { title: 'DESIGNATOR' },
      { title: 'PARTITION UUID' },
      { title: 'PARTITION LABEL' },
      { title: 'FSTYPE' },
      { title: 'ARCHITECTURE' },
      { title: 'VERITY' },
      { title: 'GROWFS' },
      { title: 'PARTNO', align: 'right' },
    ],
    mounts.map((mount) => [
      mount.rw,
      mount.designator,
      mount.partition_uuid ?? '-',
      escapeControls(mount.partition_label ?? '-'),
      mount.fstype ?? '-',
      mount.architecture ?? '-',
      mount.verity ?? '-',
      mount.growfs ? 'yes' : 'no',
      mount.partno === null ? '-' : String(mount.partno),
    ]),
  );
}
