import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import type { Entry } from '../source/entry.ts';
import { BuildError } from './error.ts';

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

/** Throws a BuildError `harmful` if something of this type at this path would damage the host once merged. */
export function refuseHarmfulPlace(components: readonly ByteString[], type: string): void {
  const path = components.join('/');
  if (components.length >= 2 && MARKER_DIRECTORIES.has(components[1]!)) {
    refuse(
      path,
      'is one of the marks systemd itself keeps of a merge: planted in an image, they make it delete directories',
      'remove it from the source; it comes from copying a merged /usr, or from an attacker',
    );
  }
  if (OS_RELEASE_FILES.has(path)) {
    refuse(
      path,
      'makes the image a whole operating system, which systemd refuses to merge',
      'take fewer layers (--layers), or remove the file from the source',
    );
  }
  if (type !== 'directory' && ESSENTIAL_DIRECTORIES.has(path)) {
    refuse(
      path,
      `is a ${type} where the host has a directory, and would take that directory away`,
      'make it a directory in the source',
    );
  }
}

/** Throws a BuildError `harmful` if an inode like this entry's would damage the host, wherever it stands. */
export function refuseHarmfulInode(components: readonly ByteString[], entry: Entry): void {
  const path = components.join('/');
  if (entry.type === 'character-device' && entry.major === 0 && entry.minor === 0) {
    refuse(
      path,
      'is an overlay whiteout (character device 0:0), which would hide a file of the host',
      'remove it from the source; an extension can only add files',
    );
  }
  for (const name of entry.xattrs.keys()) {
    if (!name.startsWith('trusted.overlay.')) continue;
    refuse(
      path,
      `has the attribute ${displayName(name)}, which would make overlayfs hide or redirect files of the host`,
      'the source is the upper directory of an overlay: export it as a layer, or remove the attribute',
    );
  }
}

function refuse(path: ByteString, cause: string, hint: string): never {
  throw new BuildError('harmful', `'${displayName(path)}' ${cause}`, { hint });
}
