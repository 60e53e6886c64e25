const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Bytes in base 64 with the standard alphabet and padding (RFC 4648, section 4). */
export function base64Text(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const second = bytes[index + 1];
    const third = bytes[index + 2];
    const group = (bytes[index]! << 16) | ((second ?? 0) << 8) | (third ?? 0);
    text += ALPHABET[group >> 18]! + ALPHABET[(group >> 12) & 63]!;
    text += second === undefined ? '=' : ALPHABET[(group >> 6) & 63]!;
    text += third === undefined ? '=' : ALPHABET[group & 63]!;
  }
  return text;
}

/**
 * The bytes of a text in base 64 as {@link base64Text} writes it: whole, padded, without white space, and with no bits
 * set in what is filled up. Undefined if it is anything else.
 */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (text.length % 4 !== 0) return undefined;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let index = 0, out = 0; index < text.length; index += 4, out += 3) {
    const isLast = index + 4 === text.length;
    let group = 0;
    for (let place = 0; place < 4; place++) {
      const filled = isLast && place >= 4 - padding;
      const value = filled ? 0 : ALPHABET.indexOf(text[index + place]!);
      if (value < 0) return undefined;
      group = (group << 6) | value;
    }
    bytes[out] = group >> 16;
    if (out + 1 < bytes.length) bytes[out + 1] = (group >> 8) & 0xff;
    if (out + 2 < bytes.length) bytes[out + 2] = group & 0xff;
    if (isLast && padding > 0 && (group & (padding === 1 ? 0xff : 0xffff)) !== 0) return undefined;
  }
  return bytes;
}
