import type { Finding } from '../../base/finding.ts';
import type { ErofsReader } from './reader.ts';

/** What can be wrong with the structure of an EROFS; a code is stable. */
export type ErofsFindingCode =
  /** An inode that cannot be read, or whose content lies outside the file system. */
  | 'inode-malformed'
  /** A directory whose blocks cannot be read: names out of order, twice, or impossible. */
  | 'directory-malformed'
  /** A directory whose `.` or `..` is missing or leads elsewhere. */
  | 'directory-dots'
  /** A directory with several names, or inside itself. */
  | 'directory-loop'
  /** A directory that calls an entry something that its inode is not. */
  | 'entry-type'
  /** A symbolic link whose target is empty, too long, or has a NUL. */
  | 'symlink-target'
  /** Extended attributes that cannot be read. */
  | 'xattrs-malformed'
  /** Attributes that the kernel would not find. */
  | 'xattrs-hidden'
  /** Metadata or content that takes bytes of other metadata or content. */
  | 'overlap'
  /** Content that cannot be decompressed. */
  | 'content-undecodable'
  /** More than this implementation checks. */
  | 'unchecked'
  /** Another number of links than names. */
  | 'link-count'
  /** Another number of inodes than the superblock says. */
  | 'inode-count';

/** How much {@link checkErofsStructure} does. */
export interface StructureCheck {
  /** Whether every compressed cluster is decompressed, once. */
  readonly content: boolean;
}

/**
 * Walks a whole file system once, whatever it may be made of, and tells what is wrong with its structure: one finding
 * a code, its subjects the paths concerned. An `error` makes the kernel or this implementation misread the image; a
 * `warning` does no harm. Images of mkfs.erofs have no errors.
 *
 * Takes some 10 bytes of memory for each block and each inode.
 *
 * @throws ImageError ('malformed' where there is no root directory, 'out-of-range' for a file system too large to check).
 */
export function checkErofsStructure(
  reader: ErofsReader,
  check: StructureCheck,
): Promise<Finding<ErofsFindingCode>[]> {
  void reader;
  void check;
  throw new Error('not yet');
}
