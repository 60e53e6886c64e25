/**
 * EFI_SIGNATURE_LIST and EFI_SIGNATURE_DATA: UEFI 2.10, section 32.4.1. All numbers are little-endian.
 *
 * A variable (PK, KEK, db, dbx) holds lists back to back; a list holds entries of one type and one size.
 */
import { GUID_SIZE, type Guid } from '../../../image/guid.ts';

/** Offsets of the fields of a list's fixed part. */
export const TYPE_OFFSET = 0;
export const LIST_SIZE_OFFSET = 16;
export const HEADER_SIZE_OFFSET = 20;
export const SIGNATURE_SIZE_OFFSET = 24;
/** Bytes of the fixed part; the type's own header follows, then the entries. */
export const FIXED_SIZE = 28;
/** Bytes of an entry's owner, which precedes its data and counts in the signature size. */
export const OWNER_SIZE = GUID_SIZE;

/**
 * Bytes that all lists of one variable may have. Firmware keeps its variables in flash of at most some
 * hundred KiB; the largest real dbx has about 24 KiB.
 */
export const SIGNATURE_LISTS_LIMIT = 1024 * 1024;

/** A DER certificate. */
export const X509: Guid = 'a5c059a1-94e4-4aa7-87b5-ab155c2bf072';
/** The Authenticode hash of a program. */
export const SHA256: Guid = 'c1c41626-504c-4092-aca9-41f936934328';
/** The hash of a certificate's to-be-signed part, then the EFI_TIME of its revocation. */
export const X509_SHA256: Guid = '3bd2a492-96c0-4079-b420-fcf98ef103ed';
export const X509_SHA384: Guid = '7076876e-80c2-4ee6-aad2-28b349a6865b';
export const X509_SHA512: Guid = '446dbf63-2502-4cda-bcfa-2465d2b0fe9d';

/** Types whose entries have one size that the specification gives: bytes of data, without the owner. */
export const DATA_SIZES: ReadonlyMap<Guid, number> = new Map([
  [SHA256, 32],
  [X509_SHA256, 32 + 16],
  [X509_SHA384, 48 + 16],
  [X509_SHA512, 64 + 16],
]);

/** Types that have no header of their own, which is all that the specification defines. */
export const HEADERLESS: ReadonlySet<Guid> = new Set([X509, ...DATA_SIZES.keys()]);

/** One entry. */
export interface Signature {
  /** Who put it there; says nothing about trust. */
  readonly owner: Guid;
  /** What the list's type says: for {@link X509} the DER certificate. */
  readonly data: Uint8Array;
}

/** Entries of one type and size. */
export interface SignatureList {
  readonly type: Guid;
  /** The type's own header: empty for every type that the specification defines. */
  readonly header: Uint8Array;
  /** At least one; all data of one length. */
  readonly signatures: readonly Signature[];
}
