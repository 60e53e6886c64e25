/**
 * The header block of a tar archive: POSIX.1-2017, "pax Interchange Format" (ustar), and the GNU tar manual,
 * "Basic Tar Format", for what GNU adds.
 */

/** Bytes in a header, and what content is padded to. */
export const RECORD_SIZE = 512;

/** A field of the header: offset and length in bytes. */
export interface Field {
  readonly offset: number;
  readonly length: number;
}

export const FIELD = {
  name: { offset: 0, length: 100 },
  mode: { offset: 100, length: 8 },
  uid: { offset: 108, length: 8 },
  gid: { offset: 116, length: 8 },
  size: { offset: 124, length: 12 },
  mtime: { offset: 136, length: 12 },
  checksum: { offset: 148, length: 8 },
  typeflag: { offset: 156, length: 1 },
  linkname: { offset: 157, length: 100 },
  magic: { offset: 257, length: 6 },
  devmajor: { offset: 329, length: 8 },
  devminor: { offset: 337, length: 8 },
  prefix: { offset: 345, length: 155 },
  /** Old GNU sparse format: four regions, then whether blocks with more of them follow, then the real size. */
  gnuSparse: { offset: 386, length: 96 },
  gnuIsExtended: { offset: 482, length: 1 },
  gnuRealSize: { offset: 483, length: 12 },
} as const satisfies Record<string, Field>;

/** Magic of ustar headers, whose prefix field continues the name; GNU's own has a space instead of the NUL. */
export const USTAR_MAGIC = 'ustar\0';

/** An old GNU extension block: 21 regions, then whether another block follows. */
export const GNU_EXTENSION = { regions: 21, isExtendedOffset: 504 } as const;
/** Bytes of a region in the old GNU format: offset and length, 12 each. */
export const GNU_REGION_SIZE = 24;

export const TYPEFLAG = {
  file: '0',
  oldFile: '\0',
  hardlink: '1',
  symlink: '2',
  characterDevice: '3',
  blockDevice: '4',
  directory: '5',
  fifo: '6',
  contiguousFile: '7',
  paxHeader: 'x',
  paxGlobalHeader: 'g',
  gnuLongName: 'L',
  gnuLongLink: 'K',
  gnuSparse: 'S',
} as const;

/** What hostile archives are held to; real ones stay far below. */
export const LIMIT = {
  /** Bytes of an extended header, and of all of an entry's. */
  extendedHeader: 1024 * 1024,
  /** Bytes of all global extended headers, which are read again for every entry; git writes 52. */
  globalHeaders: 16 * 1024,
  /** Bytes of a path or link target: PATH_MAX of Linux. */
  path: 4096,
  /** Bytes of an attribute's value: XATTR_SIZE_MAX of Linux is one more than EROFS can hold. */
  xattrValue: 65_535,
  /** Attributes of an entry. */
  xattrs: 256,
  entries: 10_000_000,
  sparseRegions: 1_000_000,
} as const;
