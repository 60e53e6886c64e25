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
