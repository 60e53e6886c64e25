import type { ByteString } from '../../base/byte-string.ts';
import { decodeUtf8 } from '../../base/display.ts';
import type { ExtensionKind } from './kind.ts';

/**
 * Whether systemd takes this for the name of an image (`image_name_is_valid`, src/basic/os-util.c in systemd 257): a
 * file name in UTF-8 without control characters that does not start with `.#`.
 */
export function isImageName(name: ByteString): boolean {
  if (name === '' || name === '.' || name === '..' || name.length > 255 || name.includes('/')) return false;
  if (name.startsWith('.#') || /[\x00-\x1f\x7f]/.test(name)) return false;
  return decodeUtf8(name) !== undefined;
}

/**
 * The name of the extension that an image file holds, as systemd-sysext and systemd-confext see it
 * (`extract_image_basename`, src/shared/discover-image.c in systemd 257): without `.raw`, and without the class before
 * it. Undefined for files that they do not look at.
 */
export function extensionNameOf(fileName: ByteString, kind: ExtensionKind): ByteString | undefined {
  if (!fileName.endsWith('.raw')) return undefined;
  const name = withoutSuffix(withoutSuffix(fileName, '.raw'), `.${kind.name}`);
  return isImageName(name) ? name : undefined;
}

const DISSECT_SUFFIXES = [
  '.xz',
  '.gz',
  '.bz2',
  '.sysext.raw',
  '.confext.raw',
  '.raw',
  '.qcow2',
  '.img',
  '.bin',
];

/**
 * The name of an image as systemd-dissect shows it and looks for its release file (`raw_strip_suffixes`,
 * src/shared/import-util.c in systemd 257): without any of the suffixes of image files, however many there are.
 */
export function dissectedNameOf(fileName: ByteString): ByteString | undefined {
  let name = fileName;
  for (let before = ''; before !== name; ) {
    before = name;
    name = DISSECT_SUFFIXES.reduce(withoutSuffix, name);
  }
  return isImageName(name) ? name : undefined;
}

/**
 * The part of an extension's name that does not change with its version (`path_extract_image_name`, src/basic/os-util.c
 * in systemd 257): up to the first `_` or `+`. Undefined if nothing is left.
 */
export function baseNameOf(extensionName: ByteString): ByteString | undefined {
  const suffix = ['.sysext.raw', '.confext.raw', '.raw'].find((end) => extensionName.endsWith(end)) ?? '';
  const name = withoutSuffix(extensionName, suffix).replace(/[_+].*$/s, '');
  return isImageName(name) ? name : undefined;
}

function withoutSuffix(name: ByteString, suffix: string): ByteString {
  return name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : name;
}
