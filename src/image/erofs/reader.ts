import { type ByteString, byteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../byte-source.ts';
import type { Decompressors } from '../decompressors.ts';
import { ImageError } from '../error.ts';
import type { FileSystem, WalkedInode } from '../file-system.ts';
import { FileSystemBytes } from '../file-system-bytes.ts';
import type { KernelRequirement } from '../kernel-requirement.ts';
import { readWhole } from '../read-whole.ts';
import type { Algorithm } from './compressed-layout.ts';
import { ClusterDecoder } from './decode-cluster.ts';
import { kernelRequirement } from './kernel-requirement.ts';
import { DIRENT_SIZE, MAX_SYMLINK_LENGTH } from './layout.ts';
import { PackedInode } from './packed-inode.ts';
import type { ErofsParts } from './parts.ts';
import { readContent } from './read-content.ts';
import { type DirectoryEntry, readDirectory } from './read-directory.ts';
import { type ErofsInode, readInode } from './read-inode.ts';
import { readSuperblock, type Superblock } from './read-superblock.ts';
import { readXattrs } from './read-xattr.ts';
import { XattrPrefixTable } from './read-xattr-prefixes.ts';
import { SparseBits } from './sparse-bits.ts';

/** Directories that may wait for their turn while a tree is walked; some hundred bytes each. */
const MAX_WAITING = 1 << 18;

/**
 * Reads an EROFS image with every feature of Linux 6.12, but for content on other devices. It may be made to deceive:
 * what is outside the file system, contradicts itself or goes round in circles ends with an ImageError ('malformed').
 */
export class ErofsReader implements FileSystem<ErofsInode> {
  readonly type = 'erofs';
  /** What it reads with, for those who look below the files. */
  readonly parts: ErofsParts;

  private constructor(parts: ErofsParts) {
    this.parts = parts;
  }

  /**
   * Reads and checks the superblock.
   *
   * @param decompressors Without them, content compressed with DEFLATE or zstd cannot be read.
   * @throws ImageError ('malformed' if this is no EROFS, 'out-of-range' for features that cannot be read here).
   */
  static async open(source: ByteSource, decompressors?: Decompressors): Promise<ErofsReader> {
    const superblock = await readSuperblock(source);
    const bytes = new FileSystemBytes(source, superblock.blocks * superblock.blockSize);
    const decoder = new ClusterDecoder(superblock, decompressors);
    const packedInode = new PackedInode(bytes, superblock, decoder);
    const xattrPrefixes = new XattrPrefixTable(superblock, bytes, packedInode);
    return new ErofsReader({ superblock, bytes, decoder, packedInode, xattrPrefixes });
  }

  get superblock(): Superblock {
    return this.parts.superblock;
  }

  get compression(): readonly Algorithm[] {
    return this.superblock.algorithms;
  }

  get kernel(): KernelRequirement {
    return kernelRequirement(this.superblock);
  }

  get size(): number {
    return this.parts.bytes.size;
  }

  async root(): Promise<ErofsInode> {
    const root = await this.inode(this.superblock.rootNid);
    if (root.type !== 'directory') throw new ImageError('malformed', `EROFS: the root is a ${root.type}`);
    return root;
  }

  /** An inode by its number. */
  inode(nid: number): Promise<ErofsInode> {
    return readInode(this.parts.bytes, this.superblock, nid);
  }

  /** The inode at a path from the root, which follows no symbolic links; undefined if there is none. */
  async lookup(path: ByteString): Promise<ErofsInode | undefined> {
    let inode = await this.root();
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (inode.type !== 'directory') return undefined;
      const entry = await this.#find(inode, name);
      if (entry === undefined) return undefined;
      inode = await this.inode(entry.nid);
    }
    return inode;
  }

  /** The entries of a directory, ascending, without `.` and `..`. */
  async *entries(directory: ErofsInode): AsyncGenerator<DirectoryEntry> {
    for await (const entries of readDirectory(this.parts, directory)) {
      yield* entries.filter(({ name }) => name !== '.' && name !== '..');
    }
  }

  /**
   * Everything in the file system, directories before their content, each directory's entries ascending. Needs
   * memory for the directories that wait only. Ends with an error where a directory is met twice or there are more
   * names than could be stored.
   */
  async *walk(): AsyncGenerator<WalkedInode<ErofsInode>> {
    const root: WalkedInode<ErofsInode> = { path: '', inode: await this.root() };
    const seen = new SparseBits();
    seen.add(root.inode.nid);
    let namesLeft = Math.floor(this.size / DIRENT_SIZE);
    yield root;
    for (const waiting = [root]; waiting.length > 0; ) {
      const directory = waiting.pop()!;
      const found: WalkedInode<ErofsInode>[] = [];
      for await (const { name, nid, type } of this.entries(directory.inode)) {
        const inode = await this.inode(nid);
        const path = directory.path === '' ? name : `${directory.path}/${name}`;
        if (inode.type !== type) {
          throw new ImageError(
            'malformed',
            `EROFS directory ${directory.inode.nid}: calls a ${inode.type} a ${type}`,
          );
        }
        if (--namesLeft < 0) throw new ImageError('malformed', 'EROFS: directories share their entries');
        if (type === 'directory') {
          if (!seen.add(nid))
            throw new ImageError('malformed', `EROFS directory ${nid}: it has more than one name`);
          found.push({ path, inode });
          if (waiting.length + found.length > MAX_WAITING)
            throw new ImageError(
              'out-of-range',
              `EROFS: more than ${MAX_WAITING} directories wait to be read`,
            );
        }
        yield { path, inode };
      }
      waiting.push(...found.reverse());
    }
  }

  /** The extended attributes of an inode, by full name. */
  xattrs(inode: ErofsInode): Promise<Map<ByteString, Uint8Array>> {
    return readXattrs(this.parts, inode);
  }

  /** The content of a file in pieces; holes come as zeros, so that there may be more than the image has. */
  content(inode: ErofsInode): AsyncGenerator<Uint8Array> {
    return readContent(this.parts, inode);
  }

  /**
   * The whole content of a file.
   *
   * @param limit Most bytes to be kept in memory; a larger file is an ImageError ('out-of-range').
   */
  readFile(inode: ErofsInode, limit: number): Promise<Uint8Array> {
    return readWhole(this.content(inode), inode.size, limit, `EROFS inode ${inode.nid}`);
  }

  /** The target of a symbolic link. */
  async linkTarget(inode: ErofsInode): Promise<ByteString> {
    const malformed = (cause: string): ImageError =>
      new ImageError('malformed', `EROFS inode ${inode.nid}: ${cause}`);
    if (inode.type !== 'symlink') throw malformed(`a ${inode.type} has no target`);
    if (inode.size === 0 || inode.size > MAX_SYMLINK_LENGTH)
      throw malformed(`a target of ${inode.size} bytes`);
    const target = byteString(await this.readFile(inode, MAX_SYMLINK_LENGTH));
    if (target.includes('\0')) throw malformed('the target holds a NUL');
    return target;
  }

  async #find(directory: ErofsInode, name: ByteString): Promise<DirectoryEntry | undefined> {
    for await (const entry of this.entries(directory)) {
      if (entry.name === name) return entry;
      if (entry.name > name) return undefined;
    }
    return undefined;
  }
}
