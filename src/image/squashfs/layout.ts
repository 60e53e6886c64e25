/*
 * SquashFS 4.0 as mksquashfs writes it: fs/squashfs/squashfs_fs.h of the kernel. All numbers are little-endian. Positions
 * in tables of metadata are references: the offset of a metadata block from the start of the table, times 2^16, plus
 * an offset within the decompressed block.
 */

export const SUPERBLOCK_SIZE = 96;
export const MAGIC = 'hsqs';
/** Written by big-endian machines before version 4. */
export const MAGIC_BIG_ENDIAN = 'sqsh';
export const VERSION = { major: 4, minor: 0 } as const;

export const SUPERBLOCK_FIELD = {
  magic: 0,
  inodes: 4,
  modificationTime: 8,
  blockSize: 12,
  fragments: 16,
  compression: 20,
  blockLog: 22,
  flags: 24,
  ids: 26,
  major: 28,
  minor: 30,
  rootInode: 32,
  bytesUsed: 40,
  idTable: 48,
  xattrTable: 56,
  inodeTable: 64,
  directoryTable: 72,
  fragmentTable: 80,
} as const;

/** Of the flags only these matter to a reader: which parts are stored as they are. */
export const SUPERBLOCK_FLAG = {
  plainInodes: 0x1,
  plainData: 0x2,
  plainFragments: 0x8,
  plainXattrs: 0x100,
} as const;

/** As the start of a table: there is none. */
export const NO_TABLE = 2n ** 64n - 1n;

/** A power of two in this range. */
export const MIN_BLOCK_SIZE = 4096;
export const MAX_BLOCK_SIZE = 1 << 20;

/** A metadata block has at most so many bytes, before and after decompression. */
export const METADATA_BLOCK_SIZE = 8192;
/** Before each metadata block: its stored size, and a bit if it is not compressed. */
export const METADATA_HEADER_SIZE = 2;
export const METADATA_IS_PLAIN = 0x8000;

/** Size of a data or fragment block: bit 24 if it is not compressed; 0 stands for a hole in a file. */
export const DATA_IS_PLAIN = 1 << 24;
export const DATA_SIZE_MASK = DATA_IS_PLAIN - 1;
export const DATA_BLOCK_SIZE_FIELD_SIZE = 4;

/** Owners and groups: a number each. */
export const ID_SIZE = 4;

export const FRAGMENT_FIELD = { start: 0, size: 8 } as const;
export const FRAGMENT_SIZE = 16;
/** As the index of a fragment: the file has none. */
export const NO_FRAGMENT = 0xffffffff;

/** What every inode starts with. */
export const INODE_FIELD = { type: 0, mode: 2, uid: 4, gid: 6, mtime: 8, number: 12 } as const;
export const INODE_HEADER_SIZE = 16;
export const MODE_PERMISSION_MASK = 0o7777;

/** Types of inodes and of directory entries; each has an extended form, which directories do not tell apart. */
export const BASIC_TYPE = {
  directory: 1,
  file: 2,
  symlink: 3,
  'block-device': 4,
  'character-device': 5,
  fifo: 6,
  socket: 7,
} as const;
/** What the type of an extended inode is above the basic one. */
export const EXTENDED_TYPE = 7;

/** Fields of the types, from the end of the header on; sizes are those of the fixed part. */
export const DIRECTORY_FIELD = { block: 0, links: 4, size: 8, offset: 10 } as const;
export const DIRECTORY_INODE_SIZE = 16;
export const EXTENDED_DIRECTORY_FIELD = { links: 0, size: 4, block: 8, offset: 18, xattr: 20 } as const;
export const EXTENDED_DIRECTORY_INODE_SIZE = 24;
export const FILE_FIELD = { start: 0, fragment: 4, offset: 8, size: 12 } as const;
export const FILE_INODE_SIZE = 16;
export const EXTENDED_FILE_FIELD = {
  start: 0,
  size: 8,
  links: 24,
  fragment: 28,
  offset: 32,
  xattr: 36,
} as const;
export const EXTENDED_FILE_INODE_SIZE = 40;
export const SYMLINK_FIELD = { links: 0, size: 4 } as const;
export const SYMLINK_INODE_SIZE = 8;
export const DEVICE_FIELD = { links: 0, device: 4 } as const;
export const DEVICE_INODE_SIZE = 8;
export const SPECIAL_FIELD = { links: 0 } as const;
export const SPECIAL_INODE_SIZE = 4;
/** Behind all of an extended inode that is no directory or file. */
export const XATTR_INDEX_SIZE = 4;
/** As the index of extended attributes: the inode has none. */
export const NO_XATTR = 0xffffffff;

/** The kernel takes targets below a page only. */
export const MAX_SYMLINK_LENGTH = 4095;

/** A directory's size counts `.` and `..`, which are not stored, as three bytes. */
export const DIRECTORY_SIZE_EXTRA = 3;
/** Before at most 256 entries whose inodes are in the same metadata block; the count is one less. */
export const DIRECTORY_HEADER_FIELD = { count: 0, block: 4, number: 8 } as const;
export const DIRECTORY_HEADER_SIZE = 12;
export const MAX_ENTRIES_PER_HEADER = 256;
/** The number is relative to the header's, and signed; the name's size is one less. */
export const ENTRY_FIELD = { offset: 0, number: 2, type: 4, nameSize: 6 } as const;
export const ENTRY_SIZE = 8;
export const MAX_NAME_LENGTH = 255;

/** Table of the attributes of inodes: a header, then as other tables. */
export const XATTR_TABLE_FIELD = { start: 0, count: 8 } as const;
export const XATTR_TABLE_HEADER_SIZE = 16;
export const XATTR_ID_FIELD = { reference: 0, count: 8 } as const;
export const XATTR_ID_SIZE = 16;
export const XATTR_ENTRY_FIELD = { type: 0, nameSize: 2 } as const;
export const XATTR_ENTRY_SIZE = 4;
/** With this bit in the type, the value is a reference to where it is. */
export const XATTR_IS_ELSEWHERE = 0x100;
export const XATTR_REFERENCE_SIZE = 8;
/** Beginnings of names by type. */
export const XATTR_PREFIXES = ['user.', 'trusted.', 'security.'] as const;
/** Largest value that Linux takes (XATTR_SIZE_MAX in include/uapi/linux/limits.h), and longest full name. */
export const MAX_XATTR_VALUE_SIZE = 65536;
export const MAX_XATTR_NAME_LENGTH = 255;
