import type { ByteString } from './byte-string.ts';
import { bytesOf } from './byte-string.ts';

/**
 * A file name as text for messages: UTF-8 where it is UTF-8, every other byte and every control character
 * as `\xNN`, so that a hostile name can neither move the cursor nor forge a line of output.
 */
export function displayName(name: ByteString): string {
  return escapeControls(decodeUtf8(name) ?? name.replace(/[\x80-\xff]/g, escapeByte));
}

/** Replaces control characters (C0, DEL, C1) and the Unicode marks that reorder text by their escapes. */
export function escapeControls(text: string): string {
  return text
    .replace(/[\x00-\x1f\x7f]/g, escapeByte)
    .replace(/[\x80-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (unit) => {
      return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    });
}

function escapeByte(unit: string): string {
  return `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** The text of UTF-8 bytes, or undefined where they are not valid UTF-8. */
export function decodeUtf8(bytes: ByteString): string | undefined {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  try {
    return decodeURIComponent(
      Array.from(bytesOf(bytes), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    );
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
