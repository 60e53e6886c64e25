import type { ByteSource } from './byte-source.ts';
import { ImageError } from './error.ts';
import { probeLuks, probeLvm2, probeSwap, probeVerity } from './probe/containers.ts';
import { probeExt } from './probe/ext.ts';
import { probeFat } from './probe/fat.ts';
import {
  probeBtrfs,
  probeErofs,
  probeF2fs,
  probeIso9660,
  probeSquashfs,
  probeXfs,
} from './probe/file-systems.ts';
import type { Probe, ProbedFileSystem } from './probe/probe.ts';
import { SuperblockBytes } from './probe/superblock-bytes.ts';

export type { ProbedFileSystem } from './probe/probe.ts';

/** What hides file systems: their superblocks may be left from before, or show through. In libblkid's order. */
const CONTAINERS: readonly Probe[] = [probeLvm2, probeVerity, probeLuks];
/** In libblkid's order, which decides only on very small files. */
const FILE_SYSTEMS: readonly Probe[] = [
  probeFat,
  probeSwap,
  probeXfs,
  probeExt,
  probeIso9660,
  probeSquashfs,
  probeBtrfs,
  probeF2fs,
  probeErofs,
];

/** libblkid ignores files this small. */
const TOO_SMALL = 1024;
/** Up to the size of a floppy disk the first file system that is found counts; there are no containers. */
const TINY = 1440 * 1024;
/** Another file system beside this one is no contradiction. */
const TOLERANT = 'iso9660';

/**
 * What a file or partition holds: erofs, squashfs, squashfs3, ext2, ext3, ext4, btrfs, xfs, f2fs, vfat, iso9660, swap,
 * crypto_LUKS, DM_verity_hash or LVM2_member, by the magic number and a few plausible fields, as `blkid -p` finds it.
 * What is found may still be damaged.
 *
 * @returns undefined if it is none of them.
 * @throws ImageError ('malformed') where there are superblocks of several file systems, as systemd refuses that too.
 */
export async function probeFileSystem(source: ByteSource): Promise<ProbedFileSystem | undefined> {
  if (source.size <= TOO_SMALL) return undefined;
  const head = await SuperblockBytes.read(source);
  const isTiny = source.size <= TINY;
  for (const probe of CONTAINERS) {
    const container = probe(head);
    if (container !== undefined && !(isTiny && container.type === 'LVM2_member'))
      return withPrintableUuid(container);
  }
  const found = FILE_SYSTEMS.map((probe) => probe(head)).filter((result) => result !== undefined);
  if (found.length > 1 && !isTiny && found.some(({ type }) => type !== TOLERANT)) {
    const types = found.map(({ type }) => type).join(', ');
    throw new ImageError('malformed', `file system: there are superblocks of several: ${types}`, {
      hint: 'make the image anew in an empty file',
    });
  }
  return found[0] && withPrintableUuid(found[0]);
}

/** LVM2, LUKS and ISO 9660 keep theirs as text, which may be any bytes. */
function withPrintableUuid(found: ProbedFileSystem): ProbedFileSystem {
  const { uuid } = found;
  return uuid === undefined || /^[\x21-\x7e]+$/.test(uuid) ? found : { ...found, uuid: undefined };
}
