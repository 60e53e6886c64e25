/*
 * GUID partition table: UEFI 2.10, chapter 5. All numbers are little-endian. Values marked "fdisk" are choices of
 * libfdisk 2.41 (libfdisk/src/gpt.c), through which systemd-repart writes.
 */

/** Bytes in a sector; fdisk for image files. */
export const SECTOR_SIZE = 512;

/** Protective MBR: table 5.4. */
export const MBR = {
  /** The first of four partition records. */
  record: 446,
  signature: 510,
} as const;

/** What a protective MBR's first record holds before its size: status, CHS 0/0/2, type 0xEE, CHS end, LBA 1. */
export const PROTECTIVE_RECORD = [0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0] as const;
/** Where a record holds its size in sectors, 32 bits. */
export const MBR_RECORD_SIZE_OFFSET = 12;
/** Partition records of an MBR, and bytes in one. */
export const MBR_RECORD_COUNT = 4;
export const MBR_RECORD_SIZE = 16;
/** Where a record holds its type, and its first sector, 32 bits. */
export const MBR_RECORD_TYPE_OFFSET = 4;
export const MBR_RECORD_FIRST_LBA_OFFSET = 8;
/** The type of a record that protects a GPT. */
export const PROTECTIVE_TYPE = 0xee;
/** Size of a record for disks that are larger than it can say. */
export const MBR_SIZE_UNKNOWN = 0xffffffff;
/** Bytes 510 and 511 of an MBR. */
export const MBR_SIGNATURE = [0x55, 0xaa] as const;

/** Header: table 5.5. */
export const HEADER = {
  signature: 0,
  revision: 8,
  headerSize: 12,
  headerCrc: 16,
  reserved: 20,
  myLba: 24,
  alternateLba: 32,
  firstUsableLba: 40,
  lastUsableLba: 48,
  diskGuid: 56,
  entriesLba: 72,
  entryCount: 80,
  entrySize: 84,
  entriesCrc: 88,
} as const;

/** The first eight bytes of a header. */
export const HEADER_SIGNATURE = 'EFI PART';
/** Version 1.0 of the header. */
export const HEADER_REVISION = 0x00010000;
/** Bytes of a header that are in use, and that its CRC covers. */
export const HEADER_SIZE = 92;

/** Partition entry: table 5.6. */
export const ENTRY = {
  typeGuid: 0,
  guid: 16,
  firstLba: 32,
  lastLba: 40,
  attributes: 48,
  name: 56,
} as const;

/** Bytes in an entry. */
export const ENTRY_SIZE = 128;
/** UTF-16 code units in a partition's name. */
export const NAME_LENGTH = 36;
/** Entries in a table; fdisk. */
export const ENTRY_COUNT = 128;
/** Entries that a table read here may have. The specification has no limit, tools write 128. */
export const ENTRY_COUNT_LIMIT = 1024;
/** Sectors of an array of entries. */
export const ENTRIES_SECTORS = (ENTRY_COUNT * ENTRY_SIZE) / SECTOR_SIZE;

/** Sectors that a copy of the table takes: its header and its entries. */
export const TABLE_SECTORS = 1 + ENTRIES_SECTORS;
/** The first sector after the protective MBR and the primary copy: lowest value for the first usable sector. */
export const MINIMUM_FIRST_USABLE_LBA = 1 + TABLE_SECTORS;

/** Sizes of sectors that tables are looked for with (systemd 257 dissect-image.c: `probe_sector_size`). */
export const SECTOR_SIZES = [512, 1024, 2048, 4096] as const;

/** Attribute bits: UEFI 2.10 table 5.7; 48 and above by partition type, here the Discoverable Partitions Specification. */
export const ATTRIBUTE = {
  noBlockIo: 1n << 1n,
  growFileSystem: 1n << 59n,
  readOnly: 1n << 60n,
  noAuto: 1n << 63n,
} as const;
