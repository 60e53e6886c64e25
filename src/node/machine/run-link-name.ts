import type { ByteString } from '../../base/byte-string.ts';
import { extensionNameOf } from '../../image/extension/image-name.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { SINCE } from './systemd-version.ts';

/**
 * The name of the link that shows an image to systemd, so that every version gives the extension the same name.
 *
 * @param systemdVersion Undefined where nobody knows: then the newest.
 */
export function runLinkName(
  fileName: ByteString,
  kind: ExtensionKind,
  systemdVersion: number | undefined,
): ByteString {
  // To older versions the class would be part of the name, for which there is no release file in the image.
  const isOld = systemdVersion !== undefined && systemdVersion < SINCE.classSuffix;
  return isOld ? `${extensionNameOf(fileName, kind) ?? fileName}.raw` : fileName;
}
