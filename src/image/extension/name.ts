import { utf8ByteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from './kind.ts';

/** Longest file name on Linux, in bytes. */
const NAME_MAX = 255;
const RELEASE_PREFIX = 'extension-release.';

/**
 * What makes a name impossible for an extension, by the rules of systemd's `image_name_is_valid`
 * (src/basic/os-util.c, src/shared/discover-image.c in systemd 257): a file name, no control characters, valid UTF-8,
 * not starting with `.#`; and by what the names made from it need: the image's and the extension-release file's name
 * fit a file name. Undefined if nothing does.
 */
export function extensionNameProblem(
  name: string,
  kind: ExtensionKind,
): { reason: string; hint?: string } | undefined {
  if (name === '') return { reason: 'it is empty' };
  if (name === '.' || name === '..') return { reason: 'it names a directory' };
  if (name.includes('/')) return { reason: 'it contains a slash' };
  if (/[\x00-\x1f\x7f-\x9f]/.test(name)) return { reason: 'it contains a control character' };
  if (!name.isWellFormed() || name.includes('\ufffd')) return { reason: 'it is not valid UTF-8' };
  if (name.startsWith('.#')) return { reason: 'systemd ignores images whose name starts with .#' };
  const suffix = ['.raw', `.${kind.name}`].find((end) => name.endsWith(end));
  if (suffix !== undefined) {
    return {
      reason: `it ends in '${suffix}', which systemd takes for a part of the file name's suffix`,
      hint: `leave '${suffix}' out: ${kind.suffix} is added to the file name by itself`,
    };
  }
  const bytes = Math.max(kind.suffix.length, RELEASE_PREFIX.length) + utf8ByteString(name).length;
  if (bytes > NAME_MAX) return { reason: `with its prefix or suffix it is longer than ${NAME_MAX} bytes` };
  return undefined;
}

/** File name of the extension-release file of extension NAME. */
export function releaseFileName(name: string): string {
  return `${RELEASE_PREFIX}${name}`;
}
