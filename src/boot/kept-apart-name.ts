import type { ByteString } from '../base/byte-string.ts';
import { extensionNameOf } from '../image/extension/image-name.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import { FILE_NAME_MAX } from '../node/store/layout.ts';

/** Digits of the digest that a name gets: as few as tell it from all others. */
const DIGITS = [8, 16, 32, 64];

/**
 * The names under which an image can be kept beside another of its name and other content, the first one that is free: the
 * extension's name, `_`, and the first digits of the SHA-256 of the image, so that the same content always gets the same name.
 * systemd takes what stands before a `_` for the name in the release file, which therefore still fits.
 *
 * @param digest The SHA-256 of the image, lower-case hexadecimal.
 */
export function keptApartNames(fileName: ByteString, kind: ExtensionKind, digest: string): ByteString[] {
  const name = extensionNameOf(fileName, kind) ?? '';
  const suffix = fileName.slice(name.length);
  return DIGITS.map((digits) => {
    const addition = `_${digest.slice(0, digits)}${suffix}`;
    return `${name.slice(0, FILE_NAME_MAX - addition.length)}${addition}`;
  });
}

/** Whether an image that is kept under another name is still found by its release file, which has the name it had. */
export function keepsReleaseName(fileName: ByteString, kind: ExtensionKind): boolean {
  return !/[_+]/.test(extensionNameOf(fileName, kind) ?? '');
}
