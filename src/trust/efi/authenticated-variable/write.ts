import { GUID_SIZE, type Guid, guidBytes } from '../../../image/guid.ts';
import type { Signer } from '../../../image/signature/signer.ts';
import {
  CERTIFICATE_DATA_OFFSET,
  CERTIFICATE_GUID_OFFSET,
  CERTIFICATE_TYPE_OFFSET,
  LENGTH_OFFSET,
  PKCS7,
  REVISION,
  REVISION_OFFSET,
  TIME_DAY_OFFSET,
  TIME_HOUR_OFFSET,
  TIME_MINUTE_OFFSET,
  TIME_MONTH_OFFSET,
  TIME_SECOND_OFFSET,
  TIME_SIZE,
  TIME_YEAR_OFFSET,
  TIME_YEARS,
  TYPE_EFI_GUID,
} from './layout.ts';
import { signedData } from './signed-data.ts';

/** A variable's new value, to be signed. */
export interface VariableUpdate {
  /** Such as `KEK`; ASCII or any UTF-16. */
  readonly name: string;
  readonly vendor: Guid;
  /** EFI_VARIABLE_* bits, as they will be given to SetVariable. */
  readonly attributes: number;
  /** Firmware refuses an update that is not later than the variable's last. Used to the second, in UTC. */
  readonly timestamp: Date;
  /** Signature lists; empty to delete the variable. */
  readonly data: Uint8Array;
}

/**
 * The bytes with which firmware lets an authenticated variable be set, as an `.auth` file holds them: the
 * descriptor, then the data. efivarfs wants the four bytes of the attributes before it.
 *
 * Throws a RangeError when EFI_TIME has no such year, an ImageError when the vendor is not a GUID, and what the
 * signer throws.
 */
export async function writeAuthenticatedVariable(
  update: VariableUpdate,
  signer: Signer,
): Promise<Uint8Array> {
  const time = efiTime(update.timestamp);
  const signature = await signedData(signedBytes(update, time), signer);
  const bytes = new Uint8Array(CERTIFICATE_DATA_OFFSET + signature.length + update.data.length);
  const view = new DataView(bytes.buffer);
  bytes.set(time, 0);
  // dwLength counts the WIN_CERTIFICATE with its data, but not the time.
  view.setUint32(LENGTH_OFFSET, CERTIFICATE_DATA_OFFSET - LENGTH_OFFSET + signature.length, true);
  view.setUint16(REVISION_OFFSET, REVISION, true);
  view.setUint16(CERTIFICATE_TYPE_OFFSET, TYPE_EFI_GUID, true);
  bytes.set(guidBytes(PKCS7), CERTIFICATE_GUID_OFFSET);
  bytes.set(signature, CERTIFICATE_DATA_OFFSET);
  bytes.set(update.data, CERTIFICATE_DATA_OFFSET + signature.length);
  return bytes;
}

/** What is signed: name without its NUL, vendor, attributes, time, data (UEFI 2.10, section 8.2.2). */
function signedBytes({ name, vendor, attributes, data }: VariableUpdate, time: Uint8Array): Uint8Array {
  const nameSize = 2 * name.length;
  const bytes = new Uint8Array(nameSize + GUID_SIZE + 4 + TIME_SIZE + data.length);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < name.length; index++) view.setUint16(2 * index, name.charCodeAt(index), true);
  bytes.set(guidBytes(vendor), nameSize);
  view.setUint32(nameSize + GUID_SIZE, attributes, true);
  bytes.set(time, nameSize + GUID_SIZE + 4);
  bytes.set(data, nameSize + GUID_SIZE + 4 + TIME_SIZE);
  return bytes;
}

function efiTime(date: Date): Uint8Array {
  const year = date.getUTCFullYear();
  if (!(year >= TIME_YEARS.first && year <= TIME_YEARS.last)) {
    throw new RangeError(`EFI_TIME has no year ${year}`);
  }
  const bytes = new Uint8Array(TIME_SIZE);
  new DataView(bytes.buffer).setUint16(TIME_YEAR_OFFSET, year, true);
  bytes[TIME_MONTH_OFFSET] = date.getUTCMonth() + 1;
  bytes[TIME_DAY_OFFSET] = date.getUTCDate();
  bytes[TIME_HOUR_OFFSET] = date.getUTCHours();
  bytes[TIME_MINUTE_OFFSET] = date.getUTCMinutes();
  bytes[TIME_SECOND_OFFSET] = date.getUTCSeconds();
  return bytes;
}
