import { hexText } from '../base/hex.ts';
import { ImageError } from './error.ts';

/**
 * A GUID (UUID) as text: 32 lower-case hexadecimal digits in the groups 8-4-4-4-12.
 *
 * As bytes there are two orders. RFC 9562 stores the digits as they are read; GPT and UEFI store the first three
 * groups little-endian. The functions named `uuid…` are for the first, those named `guid…` for the second.
 */
export type Guid = string;

/** Bytes of a GUID. */
export const GUID_SIZE = 16;

const PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** For each byte of the GPT order, its place in the RFC 9562 order, and the other way round. */
const MIXED_ENDIAN = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/**
 * The 16 bytes of a UUID in the order of RFC 9562. Upper-case digits are accepted.
 *
 * @throws ImageError ('malformed') when the text is not a UUID.
 */
export function uuidBytes(text: string): Uint8Array {
  const lower = text.toLowerCase();
  if (!PATTERN.test(lower)) {
    throw new ImageError('malformed', `"${text}" is not a UUID`, {
      hint: 'write it as 8-4-4-4-12 hexadecimal digits, as uuidgen prints it',
    });
  }
  const digits = lower.replaceAll('-', '');
  return Uint8Array.from({ length: GUID_SIZE }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

/** The text of 16 bytes in the order of RFC 9562. */
export function uuidText(bytes: Uint8Array): Guid {
  const digits = hexText(bytes.subarray(0, GUID_SIZE));
  return [0, 8, 12, 16, 20].map((start, index, all) => digits.slice(start, all[index + 1])).join('-');
}

/** The 16 bytes of a GUID as GPT and UEFI store it (UEFI 2.10, appendix A). Throws as {@link uuidBytes}. */
export function guidBytes(guid: Guid): Uint8Array {
  const bytes = uuidBytes(guid);
  return Uint8Array.from(MIXED_ENDIAN, (place) => bytes[place]!);
}

/** The text of 16 bytes as GPT and UEFI store them. */
export function guidText(bytes: Uint8Array): Guid {
  return uuidText(Uint8Array.from(MIXED_ENDIAN, (place) => bytes[place]!));
}

/** The first 16 of some bytes with version and variant set as RFC 9562 section 4 tells. */
export function uuidFromHash(hash: Uint8Array, version: 4 | 5): Uint8Array {
  const bytes = new Uint8Array(hash.subarray(0, GUID_SIZE));
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}
