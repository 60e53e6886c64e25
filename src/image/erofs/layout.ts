/**
 * Offsets, magic numbers and limits of EROFS on disk, little-endian throughout.
 *
 * Source: Linux 6.12 `fs/erofs/erofs_fs.h`, whose names the fields have here.
 */

/** Byte at which the superblock starts, whatever the block size. */
export const SUPERBLOCK_OFFSET = 1024;
/** Bytes of a superblock without extension slots. */
export const SUPERBLOCK_SIZE = 128;
/** First four bytes of the superblock. */
export const EROFS_MAGIC = 0xe0f5e1e2;

/** Offsets in `struct erofs_super_block`. */
export const SUPERBLOCK_FIELD = {
  magic: 0,
  checksum: 4,
  featureCompat: 8,
  blockBits: 12,
  extensionSlots: 13,
  rootNid: 14,
  inodes: 16,
  epoch: 24,
  epochNanoseconds: 32,
  blocks: 36,
  metaBlock: 40,
  xattrBlock: 44,
  uuid: 48,
  volumeName: 64,
  featureIncompat: 80,
  /** With compression configurations the bitmap of algorithms, else the greatest LZ4 distance. */
  compression: 84,
  directoryBlockBits: 90,
  xattrPrefixCount: 91,
  xattrPrefixStart: 92,
  packedNid: 96,
} as const;
/** Size of an extension slot behind the superblock. */
export const EXTENSION_SLOT_SIZE = 16;
export const UUID_SIZE = 16;
export const VOLUME_NAME_SIZE = 16;

/** `feature_compat`: what a reader may ignore. */
export const FEATURE_COMPAT = { checksum: 1, mtime: 2, xattrFilter: 4, plainXattrPrefixes: 0x10 } as const;
/** `feature_incompat`: a reader that does not know a bit must refuse the image. Some bits stand for two features. */
export const FEATURE_INCOMPAT = {
  zeroPadding: 1,
  /** Compression configurations, and pclusters of more than one block. */
  compressionConfigs: 2,
  chunkedFile: 4,
  /** A table of devices, and a second algorithm for an inode. */
  deviceTable: 8,
  tailPacking: 0x10,
  /** Fragments, and clusters that several extents share. */
  fragments: 0x20,
  xattrPrefixes: 0x40,
  /** Since Linux 6.15. */
  '48bit': 0x80,
  /** Since Linux 6.17. */
  metabox: 0x100,
} as const;

/** The block address that means "none": a hole in a chunked file, or an inode without blocks. */
export const NO_BLOCK = 0xffff_ffff;

/** Inodes lie at multiples of this; an inode's number (nid) is its offset in the metadata area divided by it. */
export const INODE_SLOT = 32;

/** `i_format`: bit 0 tells the two inode sizes apart, the data layout follows from bit 1. */
export const EXTENDED_INODE_FLAG = 1;
export const DATA_LAYOUT_SHIFT = 1;
export const DATA_LAYOUT_MASK = 7;
/** How an inode's data is stored (`EROFS_INODE_*`). */
export const DATA_LAYOUT = {
  flatPlain: 0,
  compressedFull: 1,
  flatInline: 2,
  compressedCompact: 3,
  chunk: 4,
} as const;

/** `struct erofs_inode_compact`. */
export const COMPACT_INODE_SIZE = 32;
export const COMPACT_INODE_FIELD = {
  format: 0,
  xattrCount: 2,
  mode: 4,
  links: 6,
  size: 8,
  union: 16,
  inode: 20,
  uid: 24,
  gid: 26,
} as const;

/** `struct erofs_inode_extended`. */
export const EXTENDED_INODE_SIZE = 64;
export const EXTENDED_INODE_FIELD = {
  format: 0,
  xattrCount: 2,
  mode: 4,
  size: 8,
  union: 16,
  inode: 20,
  uid: 24,
  gid: 28,
  mtime: 32,
  mtimeNanoseconds: 40,
  links: 44,
} as const;

/** File type bits of `i_mode`, as in POSIX `S_IFMT`. */
export const MODE_TYPE = {
  fifo: 0o010000,
  'character-device': 0o020000,
  directory: 0o040000,
  'block-device': 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;
export const MODE_TYPE_MASK = 0o170000;
export const MODE_PERMISSION_MASK = 0o7777;

/** Directory entries: `struct erofs_dirent` and the type it names (`enum erofs_ftype`, as the kernel's FT_*). */
export const DIRENT_SIZE = 12;
export const DIRENT_FIELD = { nid: 0, nameOffset: 8, type: 10 } as const;
export const DIRENT_TYPE = {
  file: 1,
  directory: 2,
  'character-device': 3,
  'block-device': 4,
  fifo: 5,
  socket: 6,
  symlink: 7,
} as const;
/** `EROFS_NAME_LEN`. */
export const MAX_NAME_LENGTH = 255;
/** PATH_MAX of Linux less the NUL: what the kernel can hand out as a link's target. */
export const MAX_SYMLINK_LENGTH = 4095;

/** Device numbers as Linux encodes them in 32 bits (`new_encode_dev`): 12 bits major, 20 bits minor. */
export const MAX_DEVICE_MAJOR = 0xfff;
export const MAX_DEVICE_MINOR = 0xf_ffff;

/** Chunk format, in the inode's union: log2 of blocks per chunk, and whether entries are 8-byte indexes. */
export const CHUNK_FORMAT = { blockBitsMask: 0x1f, indexes: 0x20 } as const;
export const CHUNK_ADDRESS_SIZE = 4;
/** `struct erofs_inode_chunk_index`: advise and high address bits, device, block address. */
export const CHUNK_INDEX_SIZE = 8;
export const CHUNK_INDEX_FIELD = { startHigh: 0, device: 2, block: 4 } as const;

/** `struct erofs_xattr_ibody_header`, then the ids of shared entries, then entries. */
export const XATTR_HEADER_SIZE = 12;
export const XATTR_SHARED_COUNT_OFFSET = 4;
export const MAX_SHARED_XATTRS = 255;
/** Size of a shared id; ids, entries and `i_xattr_icount` count in this unit as well. */
export const XATTR_UNIT = 4;
export const MAX_XATTR_COUNT = 0xffff;
/** `struct erofs_xattr_entry`: length of the name without its prefix, prefix, length of the value. */
export const XATTR_ENTRY_SIZE = 4;
export const XATTR_ENTRY_FIELD = { nameLength: 0, prefix: 1, valueSize: 2 } as const;
export const MAX_XATTR_VALUE = 0xffff;
/** XATTR_NAME_MAX of Linux: the whole name, with its prefix. */
export const MAX_XATTR_NAME = 255;

/** Bit of an entry's prefix that makes the others a number in the table of long prefixes. */
export const LONG_XATTR_PREFIX = 0x80;
/** Long prefixes start at multiples of this; the table's start counts in it. */
export const XATTR_PREFIX_ALIGNMENT = 4;

/** `EROFS_XATTR_INDEX_*`: numbers for the prefixes; the two access control lists have nothing after it. */
export const XATTR_PREFIXES: readonly {
  readonly index: number;
  readonly prefix: string;
  readonly whole: boolean;
}[] = [
  { index: 1, prefix: 'user.', whole: false },
  { index: 2, prefix: 'system.posix_acl_access', whole: true },
  { index: 3, prefix: 'system.posix_acl_default', whole: true },
  { index: 4, prefix: 'trusted.', whole: false },
  { index: 6, prefix: 'security.', whole: false },
];
