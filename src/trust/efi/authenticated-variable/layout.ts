/**
 * EFI_VARIABLE_AUTHENTICATION_2: UEFI 2.10, section 8.2.2, with EFI_TIME (8.3.1) and WIN_CERTIFICATE_UEFI_GUID
 * (32.2.4). All numbers are little-endian. It precedes the data in a SetVariable call and in an `.auth` file.
 */
import { GUID_SIZE, type Guid } from '../../../image/guid.ts';

/** Offsets in EFI_TIME. What is not named here (nanosecond, zone, daylight, padding) must be zero: it is UTC. */
export const TIME_YEAR_OFFSET = 0;
export const TIME_MONTH_OFFSET = 2;
export const TIME_DAY_OFFSET = 3;
export const TIME_HOUR_OFFSET = 4;
export const TIME_MINUTE_OFFSET = 5;
export const TIME_SECOND_OFFSET = 6;
export const TIME_SIZE = 16;
/** Years that EFI_TIME may have. */
export const TIME_YEARS = { first: 1900, last: 9999 } as const;

/** Offsets from the start of the descriptor: the certificate follows the time. */
export const LENGTH_OFFSET = TIME_SIZE;
export const REVISION_OFFSET = TIME_SIZE + 4;
export const CERTIFICATE_TYPE_OFFSET = TIME_SIZE + 6;
export const CERTIFICATE_GUID_OFFSET = TIME_SIZE + 8;
export const CERTIFICATE_DATA_OFFSET = CERTIFICATE_GUID_OFFSET + GUID_SIZE;

/** WIN_CERTIFICATE.wRevision. */
export const REVISION = 0x0200;
/** WIN_CERTIFICATE.wCertificateType: WIN_CERT_TYPE_EFI_GUID. */
export const TYPE_EFI_GUID = 0x0ef1;
/** EFI_CERT_TYPE_PKCS7_GUID: the certificate data is a DER SignedData of PKCS#7 1.5. */
export const PKCS7: Guid = '4aafd29d-68df-49ee-8aa9-347d375665a7';

/** EFI_VARIABLE_* attributes: UEFI 2.10, section 8.2.1. */
export const NON_VOLATILE = 0x01;
export const BOOTSERVICE_ACCESS = 0x02;
export const RUNTIME_ACCESS = 0x04;
export const TIME_BASED_AUTHENTICATED_WRITE_ACCESS = 0x20;
/** The attributes of PK, KEK, db and dbx. */
export const KEY_VARIABLE_ATTRIBUTES =
  NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS | TIME_BASED_AUTHENTICATED_WRITE_ACCESS;
