import { guidBytes } from '../../../image/guid.ts';
import {
  FIXED_SIZE,
  HEADER_SIZE_OFFSET,
  LIST_SIZE_OFFSET,
  OWNER_SIZE,
  SIGNATURE_SIZE_OFFSET,
  type SignatureList,
  TYPE_OFFSET,
} from './layout.ts';

/**
 * The bytes of signature lists, back to back, as a variable or an `.esl` file holds them.
 *
 * Throws a RangeError when a list is empty or its entries differ in size.
 */
export function writeSignatureLists(lists: readonly SignatureList[]): Uint8Array {
  const sizes = lists.map(listSize);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let offset = 0;
  lists.forEach((list, index) => {
    writeList(list, bytes.subarray(offset, offset + sizes[index]!));
    offset += sizes[index]!;
  });
  return bytes;
}

function listSize({ header, signatures }: SignatureList): number {
  const dataSize = signatures[0]?.data.length;
  if (dataSize === undefined) throw new RangeError('a signature list needs at least one entry');
  if (signatures.some(({ data }) => data.length !== dataSize)) {
    throw new RangeError('the entries of a signature list differ in size');
  }
  return FIXED_SIZE + header.length + signatures.length * (OWNER_SIZE + dataSize);
}

function writeList({ type, header, signatures }: SignatureList, bytes: Uint8Array): void {
  const signatureSize = OWNER_SIZE + signatures[0]!.data.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  bytes.set(guidBytes(type), TYPE_OFFSET);
  view.setUint32(LIST_SIZE_OFFSET, bytes.length, true);
  view.setUint32(HEADER_SIZE_OFFSET, header.length, true);
  view.setUint32(SIGNATURE_SIZE_OFFSET, signatureSize, true);
  bytes.set(header, FIXED_SIZE);
  signatures.forEach(({ owner, data }, index) => {
    const start = FIXED_SIZE + header.length + index * signatureSize;
    bytes.set(guidBytes(owner), start);
    bytes.set(data, start + OWNER_SIZE);
  });
}
