import type { FileSystemBytes } from '../file-system-bytes.ts';
import type { ClusterDecoder } from './decode-cluster.ts';
import type { PackedInode } from './packed-inode.ts';
import type { Superblock } from './read-superblock.ts';
import type { XattrPrefixTable } from './read-xattr-prefixes.ts';

/** What a file system that was opened is read with. */
export interface ErofsParts {
  readonly superblock: Superblock;
  readonly bytes: FileSystemBytes;
  readonly decoder: ClusterDecoder;
  readonly packedInode: PackedInode;
  readonly xattrPrefixes: XattrPrefixTable;
}
