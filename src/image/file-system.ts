import type { ByteString } from '../base/byte-string.ts';
import type { Timestamp } from './erofs/tree.ts';
import type { KernelRequirement } from './kernel-requirement.ts';

/** What an inode is. */
export type InodeType =
  | 'directory'
  | 'file'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'fifo'
  | 'socket';

/** An inode as it was read. */
export interface Inode {
  /** Its number in the file system (EROFS: nid). Names with the same number are hard links. */
  readonly nid: number;
  readonly type: InodeType;
  /** Permission, set-id and sticky bits: 0 to 0o7777, without the file type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  readonly links: number;
  /** Bytes of content: of a file, a directory's entries or a link's target; 0 for others. */
  readonly size: number;
  /** Device numbers, 0 unless a device. */
  readonly major: number;
  readonly minor: number;
}

/** An inode under one of its names. */
export interface WalkedInode<I extends Inode = Inode> {
  /** From the root, without a leading slash; empty for the root. */
  readonly path: ByteString;
  readonly inode: I;
}

/**
 * A file system that can be read, whatever its format. It may be made to deceive: what is outside of it, contradicts
 * itself or goes round in circles ends with an ImageError, of code `malformed`, or `out-of-range` where this
 * implementation reaches its limits.
 *
 * An inode may be given only to the file system that it came from.
 */
export interface FileSystem<I extends Inode = Inode> {
  /** As the kernel and libblkid call it. */
  readonly type: 'erofs' | 'squashfs';
  /** Bytes that it takes of its partition or file. */
  readonly size: number;
  /** Algorithms its content may be compressed with, as mkfs and mksquashfs call them; none if it is not. */
  readonly compression: readonly string[];
  /** The oldest kernel that can read it; undefined where that is older than whatever merges extensions. */
  readonly kernel: KernelRequirement | undefined;
  /** The root directory. */
  root(): Promise<I>;
  /** The inode at a path from the root, which follows no symbolic links; undefined if there is none. */
  lookup(path: ByteString): Promise<I | undefined>;
  /** The entries of a directory, ascending, without `.` and `..`. */
  entries(directory: I): AsyncIterable<{ readonly name: ByteString; readonly type: InodeType }>;
  /**
   * Everything in the file system, directories before their content, each directory's entries ascending. Needs
   * memory for the directories that wait only. Ends with an error where a directory is met twice or there are more
   * names than could be stored.
   */
  walk(): AsyncIterable<WalkedInode<I>>;
  /** The extended attributes of an inode, by full name. */
  xattrs(inode: I): Promise<ReadonlyMap<ByteString, Uint8Array>>;
  /** The content of a file in pieces; holes come as zeros, so that there may be more than the image has. */
  content(inode: I): AsyncIterable<Uint8Array>;
  /**
   * The whole content of a file.
   *
   * @param limit Most bytes to be kept in memory; a larger file is an ImageError ('out-of-range').
   */
  readFile(inode: I, limit: number): Promise<Uint8Array>;
  /** The target of a symbolic link. */
  linkTarget(inode: I): Promise<ByteString>;
}
