import type { ByteString } from '../base/byte-string.ts';
import type { FileSystem, Inode, InodeType } from './file-system.ts';
import { kernelVersionText } from './kernel-requirement.ts';

/** What a file system holds, in numbers. */
export interface FileSystemSummary {
  /** As the kernel calls it. */
  readonly type: string;
  /** Algorithms its content may be compressed with. */
  readonly compression: readonly string[];
  /** The oldest kernel that can read it, such as `5.13`, and why; undefined where any can. */
  readonly kernel?: { readonly version: string; readonly reason: string };
  /** Bytes that the file system takes. */
  readonly size: number;
  /** Names by the type of their inode, without the root; hard links count each time. */
  readonly names: Readonly<Partial<Record<InodeType, number>>>;
  /** Bytes in regular files, holes too, hard links once. */
  readonly contentSize: number;
  /** The largest regular files, the largest first; equal ones by path. */
  readonly largest: readonly { readonly path: ByteString; readonly size: number }[];
}

/** How many of the largest files a summary names. */
const LARGEST_COUNT = 10;

/** Counts everything in a file system, in one walk. Throws the ImageErrors of the walk. */
export async function summariseFileSystem<I extends Inode>(
  fileSystem: FileSystem<I>,
): Promise<FileSystemSummary> {
  const names: Partial<Record<InodeType, number>> = {};
  const linked = new Set<number>();
  let contentSize = 0;
  let largest: { path: ByteString; size: number }[] = [];
  for await (const { path, inode } of fileSystem.walk()) {
    if (path === '') continue;
    names[inode.type] = (names[inode.type] ?? 0) + 1;
    if (inode.type !== 'file') continue;
    if (inode.links > 1) {
      if (linked.has(inode.nid)) continue;
      linked.add(inode.nid);
    }
    contentSize += inode.size;
    largest.push({ path, size: inode.size });
    if (largest.length >= 64 * LARGEST_COUNT) largest = largestOf(largest);
  }
  const { type, compression, kernel, size } = fileSystem;
  const needed = kernel && { version: kernelVersionText(kernel.version), reason: kernel.reason };
  return {
    type,
    compression,
    ...(needed && { kernel: needed }),
    size,
    names,
    contentSize,
    largest: largestOf(largest),
  };
}

function largestOf<F extends { path: ByteString; size: number }>(files: F[]): F[] {
  return files
    .sort((one, other) => other.size - one.size || (one.path < other.path ? -1 : 1))
    .slice(0, LARGEST_COUNT);
}
