/**
 * A string of bytes: every UTF-16 code unit is one byte, 0 to 255 (Latin-1).
 *
 * File names, link targets and attribute names on Linux are bytes, not text. In this form they keep every
 * byte, are map keys, and compare with `<` exactly as memcmp compares. Turn them into text only to show them,
 * with {@link displayName}.
 */
export type ByteString = string;

/** The bytes of a byte string. Throws a RangeError when a code unit is above 255. */
export function bytesOf(text: ByteString): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0xff) throw new RangeError(`code unit ${unit} at ${index} is not a byte`);
    bytes[index] = unit;
  }
  return bytes;
}

/** The byte string of some bytes. */
export function byteString(bytes: Uint8Array): ByteString {
  let text = '';
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return text;
}

/** The bytes of a text in UTF-8, as a byte string. Lone surrogates become U+FFFD. */
export function utf8ByteString(text: string): ByteString {
  return unescape(encodeURIComponent(text.toWellFormed()));
}
