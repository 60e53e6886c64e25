import { guidText } from '../../../image/guid.ts';
import { TrustError } from '../../error.ts';
import {
  DATA_SIZES,
  FIXED_SIZE,
  HEADER_SIZE_OFFSET,
  HEADERLESS,
  LIST_SIZE_OFFSET,
  OWNER_SIZE,
  SIGNATURE_LISTS_LIMIT,
  SIGNATURE_SIZE_OFFSET,
  type Signature,
  type SignatureList,
  TYPE_OFFSET,
} from './layout.ts';

/**
 * The signature lists in the bytes of a variable (without efivarfs' four bytes of attributes) or of an `.esl`
 * file. Lists of unknown types are kept. The data of the result are views into `bytes`.
 *
 * Throws a TrustError `malformed`: unlike the kernel, which keeps the lists before a bad one, nothing of such a
 * variable is used, since what is missing from dbx would be trusted. `name` is the variable's, for messages.
 */
export function readSignatureLists(bytes: Uint8Array, name: string): SignatureList[] {
  if (bytes.length > SIGNATURE_LISTS_LIMIT) {
    throw new TrustError('malformed', `${name}: ${bytes.length} bytes are too many for signature lists`);
  }
  const lists: SignatureList[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const rest = bytes.subarray(offset);
    const refuse = (reason: string): never => {
      throw new TrustError('malformed', `${name}: the signature list at byte ${offset} ${reason}`);
    };
    const { list, size } = readList(rest, refuse);
    lists.push(list);
    offset += size;
  }
  return lists;
}

function readList(
  bytes: Uint8Array,
  refuse: (reason: string) => never,
): { list: SignatureList; size: number } {
  if (bytes.length < FIXED_SIZE) refuse('is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = guidText(bytes.subarray(TYPE_OFFSET));
  const size = view.getUint32(LIST_SIZE_OFFSET, true);
  const headerSize = view.getUint32(HEADER_SIZE_OFFSET, true);
  const signatureSize = view.getUint32(SIGNATURE_SIZE_OFFSET, true);
  if (size > bytes.length) refuse(`claims ${size} bytes where ${bytes.length} are left`);
  if (size < FIXED_SIZE + headerSize) refuse(`claims ${size} bytes, too few for its header`);
  if (headerSize !== 0 && HEADERLESS.has(type)) refuse(`has a header, which type ${type} has not`);
  if (signatureSize < OWNER_SIZE) refuse(`claims entries of ${signatureSize} bytes, too few for an owner`);
  const dataSize = DATA_SIZES.get(type);
  if (dataSize !== undefined && signatureSize !== OWNER_SIZE + dataSize) {
    refuse(`claims entries of ${signatureSize} bytes where type ${type} has ${OWNER_SIZE + dataSize}`);
  }
  const start = FIXED_SIZE + headerSize;
  if (size === start) refuse('has no entry');
  if ((size - start) % signatureSize !== 0) refuse('does not end where an entry ends');

  const signatures: Signature[] = [];
  for (let entry = start; entry < size; entry += signatureSize) {
    signatures.push({
      owner: guidText(bytes.subarray(entry)),
      data: bytes.subarray(entry + OWNER_SIZE, entry + signatureSize),
    });
  }
  return { list: { type, header: bytes.subarray(FIXED_SIZE, start), signatures }, size };
}
