import type { ByteString } from '../../base/byte-string.ts';
import { decodeUtf8, displayName } from '../../base/display.ts';
import { extensionNameOf } from '../../image/extension/image-name.ts';
import { CONFEXT, type ExtensionKind, SYSEXT } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';
import { FILE_NAME_MAX } from './layout.ts';

/**
 * Checks that an image may be kept under a name, so that systemd sees it and nothing else is touched. Throws a NodeError
 * 'bad-name' that says why not.
 */
export function checkImageFileName(fileName: ByteString, kind: ExtensionKind): void {
  const problem = imageFileNameProblem(fileName, kind);
  if (problem === undefined) return;
  throw new NodeError('bad-name', `'${displayName(fileName)}' cannot be the name of an image: ${problem}`, {
    hint: `images are called NAME${kind.suffix} or NAME.raw; --name gives another name`,
  });
}

/** Why an image cannot be kept under a name: a clause whose subject is the name; undefined if it can. */
export function imageFileNameProblem(fileName: ByteString, kind: ExtensionKind): string | undefined {
  if (fileName.length > FILE_NAME_MAX) return `it has more than ${FILE_NAME_MAX} bytes`;
  if (decodeUtf8(fileName) === undefined) return 'it is not in UTF-8';
  if (/[\x00-\x1f\x7f]/.test(fileName)) return 'there are control characters in it';
  if (fileName.includes('/')) return 'there is a slash in it';
  if (fileName.startsWith('.')) return 'it begins with a dot';
  if (!fileName.endsWith('.raw')) return 'it does not end in .raw, so systemd would not see it';
  const other = kind === SYSEXT ? CONFEXT : SYSEXT;
  if (fileName.endsWith(other.suffix)) return `it is that of a ${other.name}: use kairos-agent ${other.name}`;
  return extensionNameOf(fileName, kind) === undefined ? 'there is no name before the suffix' : undefined;
}
