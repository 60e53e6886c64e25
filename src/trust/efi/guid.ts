/**
 * A GUID as text: `8be4df61-93ca-11d2-aa0d-00e098032b8c`, lower case.
 *
 * In bytes EFI keeps the first three fields little-endian (UEFI 2.10, appendix A).
 */
export type Guid = string;

/** Bytes of a GUID. */
export const GUID_SIZE = 16;

/** For each byte of an EFI_GUID, its place among the bytes that the text shows. */
const TEXT_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

const PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The EFI_GUID of a text. Throws a RangeError when it is not a GUID's. */
export function guidBytes(guid: Guid): Uint8Array {
  if (!PATTERN.test(guid)) throw new RangeError(`"${guid}" is not a GUID`);
  const hex = guid.replaceAll('-', '');
  return Uint8Array.from(TEXT_ORDER, (place) => Number.parseInt(hex.slice(2 * place, 2 * place + 2), 16));
}

/** The text of the EFI_GUID at `offset`; the 16 bytes must be there. */
export function guidText(bytes: Uint8Array, offset = 0): Guid {
  const hex = TEXT_ORDER.map((place) => bytes[offset + place]!.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
