import type { ByteString } from '../../base/byte-string.ts';
import { extensionNameOf, isImageName } from '../../image/extension/image-name.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { EntryKind, Host, HostDirectory } from '../host/host.ts';
import { SINCE } from './systemd-version.ts';

/** Where systemd looks for extensions, those that win first (src/basic/discover-image.c in systemd 257). */
export function searchDirectories(kind: ExtensionKind): readonly ByteString[] {
  return kind.name === 'sysext'
    ? ['/etc/extensions', '/run/extensions', '/var/lib/extensions']
    : ['/run/confexts', '/var/lib/confexts', '/usr/local/lib/confexts', '/usr/lib/confexts'];
}

/** Something in a search directory that systemd takes for an extension. */
export interface FoundExtension {
  /** The extension's name, as this version of systemd sees it. */
  readonly name: ByteString;
  readonly directory: ByteString;
  readonly entry: ByteString;
  readonly kind: EntryKind;
  /** Where it leads, if it is a link. */
  readonly target: ByteString | undefined;
  readonly state: /** systemd takes it. */
    | 'used'
    /** An earlier directory has one of the same name. */
    | 'shadowed'
    /** There are two of its name in one directory: which one systemd takes is chance. */
    | 'ambiguous'
    /** A link to what is not there: systemd passes it over. */
    | 'dangling';
}

/**
 * What systemd finds in the search directories.
 *
 * @param version Of systemd; undefined where nobody knows: then the newest.
 */
export function findExtensions(
  host: Host,
  kind: ExtensionKind,
  version: number | undefined,
): FoundExtension[] {
  const found: FoundExtension[] = [];
  const taken = new Set<ByteString>();
  for (const path of searchDirectories(kind)) {
    using directory = host.openDirectory(path);
    if (directory === undefined) continue;
    const here = entriesOf(directory, kind, version);
    const counts = new Map<ByteString, number>();
    for (const { name, state } of here) {
      if (state !== 'dangling') counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    for (const extension of here) {
      if (extension.state === 'dangling') found.push(extension);
      else if (taken.has(extension.name)) found.push({ ...extension, state: 'shadowed' });
      else found.push({ ...extension, state: counts.get(extension.name) === 1 ? 'used' : 'ambiguous' });
    }
    for (const name of counts.keys()) taken.add(name);
  }
  return found;
}

function entriesOf(
  directory: HostDirectory,
  kind: ExtensionKind,
  version: number | undefined,
): FoundExtension[] {
  const found: FoundExtension[] = [];
  for (const entry of directory.list()) {
    const status = directory.status(entry);
    if (status === undefined) continue;
    const isImage = entry.endsWith('.raw');
    const name = isImage ? imageName(entry, kind, version) : directoryName(entry, kind);
    if (name === undefined) continue;
    const target = status.kind === 'symlink' ? directory.readLink(entry) : undefined;
    // Only directories are extensions without a suffix; what a link leads to is not looked at here.
    if (!isImage && status.kind !== 'directory' && target === undefined) continue;
    if (isImage && status.kind === 'directory') continue;
    const state = target !== undefined && !directory.resolves(entry) ? 'dangling' : 'used';
    found.push({ name, directory: directory.path, entry, kind: status.kind, target, state });
  }
  return found;
}

function imageName(
  entry: ByteString,
  kind: ExtensionKind,
  version: number | undefined,
): ByteString | undefined {
  if (version === undefined || version >= SINCE.classSuffix) return extensionNameOf(entry, kind);
  const name = entry.slice(0, -'.raw'.length);
  return isImageName(name) ? name : undefined;
}

/** The name of a directory, also of one with versions (systemd.v(7)). */
function directoryName(entry: ByteString, kind: ExtensionKind): ByteString | undefined {
  const name = entry.replace(/(?:\.raw)?\.v$/, '').replace(new RegExp(`\\.${kind.name}$`), '');
  return isImageName(name) ? name : undefined;
}
