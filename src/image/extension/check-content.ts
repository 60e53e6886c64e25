import type { ByteString } from '../../base/byte-string.ts';
import type { FileSystem, Inode } from '../file-system.ts';
import { type ContentFinding, ContentRemarks, type Remark } from './content-finding.ts';
import { inodeHazard, placeHazard } from './hazards.ts';
import type { ExtensionKind } from './kind.ts';
import { releaseFileName } from './name.ts';
import { isSharedDirectory } from './shared-directories.ts';

const SET_ID_BITS = 0o6000;
const WORLD_WRITABLE = 0o002;
const ACCESS_FOR_ALL = 0o555;
const CAPABILITY_ATTRIBUTE: ByteString = 'security.capability';
const ACL_ATTRIBUTE: ByteString = 'system.posix_acl_access';

const SET_ID_FILE: Remark = {
  code: 'set-id-file',
  reason: 'gives whoever runs it the rights of its owner or group (set-uid or set-gid)',
  hint: 'take the bits off in the source unless they are meant',
};
const FILE_CAPABILITIES: Remark = {
  code: 'file-capabilities',
  reason: 'gives whoever runs it capabilities',
  hint: 'take them off with setcap -r in the source unless they are meant',
};
const DEVICE_NODE: Remark = {
  code: 'device-node',
  reason: 'is a device node, which cannot be opened: extensions are merged with nodev',
  hint: 'remove it from the source; device nodes belong into /dev',
};
const WORLD_WRITABLE_ENTRY: Remark = {
  code: 'world-writable',
  reason: 'may be changed by everybody where hierarchies are merged mutable',
  hint: 'take the right to write from others in the source',
};

/**
 * What in an extension would harm a host once merged, surprise whoever merges it, or never be seen. Walks the file
 * system once; file content is not read.
 *
 * @throws What the file system throws.
 */
export async function checkContent<I extends Inode>(
  fileSystem: FileSystem<I>,
  kind: ExtensionKind,
): Promise<ContentFinding[]> {
  const remarks = new ContentRemarks();
  const releasePrefix = `${kind.releaseDirectory}/${releaseFileName('')}`;
  let extendsHost = false;
  for await (const { path, inode } of fileSystem.walk()) {
    if (path === '') continue;
    const components = path.split('/');
    const merged = kind.mergedHierarchies.includes(components[0]!);
    const place = placeHazard(components, inode.type);
    if (place !== undefined && (merged || place.code !== 'hides-essential-directory')) {
      remarks.add(path, place);
    }
    if (!merged) {
      remarks.add(path, outside(kind));
      continue;
    }
    if (inode.type !== 'directory' && !path.startsWith(releasePrefix)) extendsHost = true;
    for (const remark of judge(path, inode, await fileSystem.xattrs(inode), components.length === 1)) {
      remarks.add(path, remark);
    }
  }
  if (!extendsHost) remarks.add(kind.hierarchies[0]!, nothingToExtend(kind));
  return remarks.findings();
}

/** What is to be said about an entry in a hierarchy, apart from its place. */
function* judge(
  path: ByteString,
  inode: Inode,
  xattrs: ReadonlyMap<ByteString, Uint8Array>,
  isTop: boolean,
): Generator<Remark> {
  const hazard = inodeHazard({ ...inode, xattrs });
  if (hazard !== undefined) yield hazard;
  const { type, mode } = inode;
  if (type === 'character-device' || type === 'block-device') {
    if (hazard?.code !== 'whiteout') yield DEVICE_NODE;
    return;
  }
  if (type === 'directory' && isSharedDirectory(path)) {
    // systemd itself gives the top of a hierarchy the host's mode and owner.
    if (!isTop) yield* judgeSharedDirectory(inode, xattrs.has(ACL_ATTRIBUTE));
    return;
  }
  if (type === 'file' && (mode & SET_ID_BITS) !== 0) yield SET_ID_FILE;
  if (type === 'file' && xattrs.has(CAPABILITY_ATTRIBUTE)) yield FILE_CAPABILITIES;
  if (type !== 'symlink' && (mode & WORLD_WRITABLE) !== 0) yield WORLD_WRITABLE_ENTRY;
}

function* judgeSharedDirectory({ mode, uid, gid }: Inode, hasAcl: boolean): Generator<Remark> {
  if (mode === 0o755 && uid === 0 && gid === 0 && !hasAcl) return;
  const what = `mode ${mode.toString(8).padStart(4, '0')}, owner ${uid}:${gid}${hasAcl ? ' and an ACL' : ''}`;
  const hint = 'give it mode 0755, owner 0:0 and no ACL in the source';
  const changed = `has ${what}, which a merge puts in the place of the host's own`;
  yield (mode & ACCESS_FOR_ALL) === ACCESS_FOR_ALL
    ? { code: 'shared-directory-changed', reason: changed, hint }
    : {
        code: 'shared-directory-locked',
        reason: `${changed}: users are locked out of the host's directory`,
        hint,
      };
}

function outside(kind: ExtensionKind): Remark {
  return {
    code: 'outside-hierarchies',
    reason: `is outside ${places(kind.mergedHierarchies, 'and')}, so that no host will see it`,
    hint: 'leave it out; it only makes the image larger',
  };
}

function nothingToExtend(kind: ExtensionKind): Remark {
  return {
    code: 'nothing-to-extend',
    reason: 'has nothing in it that a host would see',
    hint: `${kind.name === 'sysext' ? 'a system' : 'a configuration'} extension needs files under ${places(kind.mergedHierarchies, 'or')}`,
  };
}

function places(hierarchies: readonly string[], word: string): string {
  return hierarchies.map((name) => `/${name}`).join(` ${word} `);
}
