import { type ByteString, byteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../byte-source.ts';
import type { Decompressors } from '../decompressors.ts';
import { ImageError } from '../error.ts';
import type { FileSystem, WalkedInode } from '../file-system.ts';
import { DIRENT_SIZE, MAX_SYMLINK_LENGTH } from './layout.ts';
import { FileSystemBytes } from './read-bytes.ts';
import { readContent } from './read-content.ts';
import { type DirectoryEntry, readDirectoryBlock } from './read-directory.ts';
import { type ErofsInode, readInode } from './read-inode.ts';
import { readSuperblock, type Superblock } from './read-superblock.ts';
import { readXattrs } from './read-xattr.ts';

/**
 * Reads an uncompressed EROFS image, which may be made to deceive: what is outside the file system, contradicts
 * itself or goes round in circles ends with an ImageError ('malformed').
 */
export class ErofsReader implements FileSystem<ErofsInode> {
  readonly type = 'erofs';
  readonly compression = [];
  readonly superblock: Superblock;
  readonly #bytes: FileSystemBytes;

  private constructor(source: ByteSource, superblock: Superblock) {
    this.superblock = superblock;
    this.#bytes = new FileSystemBytes(source, superblock.blocks * superblock.blockSize);
  }

  /**
   * Reads and checks the superblock.
   *
   * @throws ImageError ('malformed' if this is no EROFS, 'out-of-range' for features that cannot be read here).
   */
  static async open(source: ByteSource, _decompressors?: Decompressors): Promise<ErofsReader> {
    return new ErofsReader(source, await readSuperblock(source));
  }

  get size(): number {
    return this.#bytes.size;
  }

  async root(): Promise<ErofsInode> {
    const root = await this.inode(this.superblock.rootNid);
    if (root.type !== 'directory') throw new ImageError('malformed', `EROFS: the root is a ${root.type}`);
    return root;
  }

  /** An inode by its number. */
  inode(nid: number): Promise<ErofsInode> {
    return readInode(this.#bytes, this.superblock, nid);
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
    const what = (): string => `EROFS directory ${directory.nid}`;
    if (directory.type !== 'directory') throw new ImageError('malformed', `${what()} is a ${directory.type}`);
    let previous: ByteString | undefined;
    for await (const piece of this.content(directory)) {
      for (let at = 0; at < piece.length; at += this.superblock.blockSize) {
        const entries = readDirectoryBlock(
          piece.subarray(at, at + this.superblock.blockSize),
          previous,
          what,
        );
        previous = entries.at(-1)?.name;
        yield* entries.filter(({ name }) => name !== '.' && name !== '..');
      }
    }
  }

  /**
   * Everything in the file system, directories before their content, each directory's entries ascending. Needs
   * memory for the directories that wait only. Ends with an error where a directory is met twice or there are more
   * names than could be stored.
   */
  async *walk(): AsyncGenerator<WalkedInode<ErofsInode>> {
    const root: WalkedInode<ErofsInode> = { path: '', inode: await this.root() };
    const seen = new Set([root.inode.nid]);
    let namesLeft = Math.floor(this.#bytes.size / DIRENT_SIZE);
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
          if (seen.has(nid))
            throw new ImageError('malformed', `EROFS directory ${nid}: it has more than one name`);
          seen.add(nid);
          found.push({ path, inode });
        }
        yield { path, inode };
      }
      waiting.push(...found.reverse());
    }
  }

  /** The extended attributes of an inode, by full name. */
  xattrs(inode: ErofsInode): Promise<Map<ByteString, Uint8Array>> {
    return readXattrs(this.#bytes, this.superblock.xattrBlock * this.superblock.blockSize, inode);
  }

  /** The content of a file in pieces; holes come as zeros, so that there may be more than the image has. */
  content(inode: ErofsInode): AsyncGenerator<Uint8Array> {
    return readContent(this.#bytes, this.superblock.blockSize, inode);
  }

  /**
   * The whole content of a file.
   *
   * @param limit Most bytes to be kept in memory; a larger file is an ImageError ('out-of-range').
   */
  async readFile(inode: ErofsInode, limit: number): Promise<Uint8Array> {
    if (inode.size > limit) {
      throw new ImageError(
        'out-of-range',
        `EROFS inode ${inode.nid}: ${inode.size} bytes are more than ${limit}`,
      );
    }
    const whole = new Uint8Array(inode.size);
    let at = 0;
    for await (const piece of this.content(inode)) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
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
