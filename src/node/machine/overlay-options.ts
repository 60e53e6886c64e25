import type { ByteString } from '../../base/byte-string.ts';

/**
 * The longest option string that is safe. The kernel cuts what mount(2) is given at one page; a cut that happens to fall
 * between two layers loses the host's own tree, and systemd reports success (Documentation/filesystems/overlayfs.rst;
 * src/shared/mount-util.c in systemd 257).
 */
export const OVERLAY_OPTIONS_MAX = 4000;
/** Room for the options of a mutable hierarchy: upper and work directory. */
const MUTABLE_OPTIONS = 250;
const WORKSPACE = '/run/systemd/sysext';

/**
 * Bytes of the option string with which systemd mounts extensions over a hierarchy, at most.
 *
 * @param names Those of the extensions, without the suffix of their files.
 * @param hierarchy Such as `/usr`.
 */
export function overlayOptionsLength(names: readonly ByteString[], hierarchy: ByteString): number {
  const inside = hierarchy.replace(/^\/+/, '');
  const meta = `lowerdir=${WORKSPACE}/meta/${inside}`.length;
  const layers = names.map((name) => `:${escaped(`${WORKSPACE}/extensions/${name}/${inside}`)}`.length);
  return meta + layers.reduce((sum, length) => sum + length, 0) + `:${hierarchy}`.length + MUTABLE_OPTIONS;
}

/** A layer's path as systemd writes it, so that what separates layers and options is none in it (shell_escape, src/basic/escape.c). */
function escaped(path: ByteString): ByteString {
  return path.replace(/[\\,:]/g, '\\$&');
}
