import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';

/** Ways in which something in an extension damages the host. */
export type HazardCode =
  /** One of the marks systemd keeps of a merge was planted. */
  | 'marker-directory'
  /** An os-release file, with which systemd refuses the image. */
  | 'os-release'
  /** Something else in the place of a directory that the host needs. */
  | 'hides-essential-directory'
  /** An overlay whiteout. */
  | 'whiteout'
  /** An attribute that overlayfs obeys. */
  | 'overlay-attribute';

/** How something in an extension would damage the host once merged. */
export interface Hazard {
  readonly code: HazardCode;
  /** What it does; a sentence whose subject is the path. */
  readonly reason: string;
  /** What whoever builds the image can do about it. */
  readonly hint: string;
}

/** Directories systemd keeps its marks of a merge in; `work_dir` in them names a directory it deletes. */
const MARKER_DIRECTORIES: ReadonlySet<ByteString> = new Set(['.systemd-sysext', '.systemd-confext']);
/** An image with one of these is taken for a whole system: systemd refuses to merge it. */
const OS_RELEASE_FILES: ReadonlySet<ByteString> = new Set(['usr/lib/os-release', 'etc/os-release']);
/** A file or link in the place of one of these would take the host's programs away. */
const ESSENTIAL_DIRECTORIES: ReadonlySet<ByteString> = new Set([
  'usr',
  'opt',
  'etc',
  'usr/bin',
  'usr/lib',
  'usr/lib/systemd',
  'usr/local',
  'usr/local/bin',
  'usr/share',
  'etc/systemd',
  'etc/systemd/system',
]);

/** How something of this type (`directory`, `file`, `symlink`, …) at this path would damage the host once merged. */
export function placeHazard(components: readonly ByteString[], type: string): Hazard | undefined {
  const path = components.join('/');
  if (components.length >= 2 && MARKER_DIRECTORIES.has(components[1]!)) {
    return {
      code: 'marker-directory',
      reason:
        'is one of the marks systemd itself keeps of a merge: planted in an image, they make it delete directories',
      hint: 'remove it from the source; it comes from copying a merged /usr, or from an attacker',
    };
  }
  if (OS_RELEASE_FILES.has(path)) {
    return {
      code: 'os-release',
      reason: 'makes the image a whole operating system, which systemd refuses to merge',
      hint: 'take fewer layers (--layers), or remove the file from the source',
    };
  }
  if (type !== 'directory' && ESSENTIAL_DIRECTORIES.has(path)) {
    return {
      code: 'hides-essential-directory',
      reason: `is a ${type} where the host has a directory, and would take that directory away`,
      hint: 'make it a directory in the source',
    };
  }
  return undefined;
}

/** What an inode needs to have for {@link inodeHazard} to judge it. */
export interface JudgedInode {
  readonly type: string;
  /** Device numbers; only of devices. */
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array>;
}

/** How an inode would damage the host, wherever it stands. */
export function inodeHazard({ type, major, minor, xattrs }: JudgedInode): Hazard | undefined {
  if (type === 'character-device' && major === 0 && minor === 0) {
    return {
      code: 'whiteout',
      reason: 'is an overlay whiteout (character device 0:0), which would hide a file of the host',
      hint: 'remove it from the source; an extension can only add files',
    };
  }
  for (const name of xattrs.keys()) {
    if (!name.startsWith('trusted.overlay.')) continue;
    return {
      code: 'overlay-attribute',
      reason: `has the attribute ${displayName(name)}, which would make overlayfs hide or redirect files of the host`,
      hint: 'the source is the upper directory of an overlay: export it as a layer, or remove the attribute',
    };
  }
  return undefined;
}
