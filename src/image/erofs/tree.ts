import type { ByteString } from '../../base/byte-string.ts';

/** A point in time as inodes store it. */
export interface Timestamp {
  /** Seconds since 1970, an integer from 0 to 2^53 − 1. */
  readonly seconds: number;
  /** Nanoseconds, 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/** What every inode has, whatever its type. */
export interface InodeAttributes {
  /** Permission, set-id and sticky bits: 0 to 0o7777, without the file type. */
  mode: number;
  /** Owner, 0 to 2^32 − 1. */
  uid: number;
  /** Group, 0 to 2^32 − 1. */
  gid: number;
  mtime: Timestamp;
  /** Extended attributes by full name, such as `security.capability`. Values up to 65,535 bytes. */
  xattrs: ReadonlyMap<ByteString, Uint8Array>;
}

/**
 * An inode. The same object under two names is a hard link (directories may have only one name).
 * Link counts, sizes of directories and inode numbers follow from the tree.
 */
export type ErofsNode = DirectoryNode | FileNode | SymlinkNode | DeviceNode | SpecialNode;

export interface DirectoryNode extends InodeAttributes {
  readonly type: 'directory';
  /** Children by name: 1 to 255 bytes, no `/`, no NUL, not `.` or `..`. The order of the map is irrelevant. */
  readonly children: Map<ByteString, ErofsNode>;
}

export interface FileNode extends InodeAttributes {
  readonly type: 'file';
  /** Where the content was stored; from `ErofsWriter.storeFile`. */
  readonly data: StoredFile;
}

export interface SymlinkNode extends InodeAttributes {
  readonly type: 'symlink';
  /** 1 to 4095 bytes. */
  readonly target: ByteString;
}

export interface DeviceNode extends InodeAttributes {
  readonly type: 'character-device' | 'block-device';
  /** 0 to 4095. */
  readonly major: number;
  /** 0 to 1,048,575. */
  readonly minor: number;
}

export interface SpecialNode extends InodeAttributes {
  readonly type: 'fifo' | 'socket';
}

/**
 * Where the content of a regular file lies in an image that is being written. Files whose content was found to be the same
 * have the same object as placement.
 */
export interface StoredFile {
  /** Bytes, 0 to 2^53 − 1. */
  readonly size: number;
  /** Of compressed files known only when all files are stored. */
  readonly placement: FilePlacement;
}

/** How and where the content of a file is stored. */
export type FilePlacement =
  | { readonly layout: 'empty' }
  /** `ceil(size / 4096)` consecutive blocks. */
  | { readonly layout: 'plain'; readonly startBlock: number }
  /** `floor(size / 4096)` consecutive blocks; the rest waits in the scratch store to be put beside the inode. */
  | { readonly layout: 'inline'; readonly startBlock: number; readonly tailOffset: number }
  /** Stored runs and holes, one after the other, beginning at byte 0; every run but the last ends where a chunk ends. */
  | { readonly layout: 'chunked'; readonly chunkBits: number; readonly runs: readonly FileRun[] }
  /** Consecutive blocks with pclusters. */
  | {
      readonly layout: 'compressed';
      readonly startBlock: number;
      readonly blocks: number;
      /** Lists of extents in the scratch store: where, and how many bytes. */
      readonly extents: readonly ScratchRange[];
      /** The last extent's bytes in the scratch store, where they are put beside the inode. */
      readonly tail: ScratchRange | undefined;
    };

/** Bytes in the scratch store. */
export interface ScratchRange {
  readonly offset: number;
  readonly size: number;
}

/** A part of a chunked file that is stored in consecutive blocks, or is a hole. */
export interface FileRun {
  /** Where it begins in the file, in blocks. */
  readonly firstBlock: number;
  /** Where it begins in the image; undefined for a hole. */
  readonly startBlock: number | undefined;
}
