import { type ByteString, byteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../byte-source.ts';
import type { Decompressors } from '../decompressors.ts';
import { ImageError } from '../error.ts';
import type { FileSystem, WalkedInode } from '../file-system.ts';
import { FileSystemBytes } from '../file-system-bytes.ts';
import { readWhole } from '../read-whole.ts';
import { type Compressor, compressorOf } from './compressors.ts';
import { InodeReferences } from './inode-references.ts';
import { ENTRY_SIZE, FRAGMENT_SIZE, ID_SIZE } from './layout.ts';
import { LookupTable } from './lookup-table.ts';
import { Metadata, MetadataCursor, type MetadataTable } from './metadata.ts';
import { ContentReader } from './read-content.ts';
import { type DirectoryEntry, readDirectory } from './read-directory.ts';
import { readInode, type SquashfsInode } from './read-inode.ts';
import { readSuperblock, type Superblock } from './read-superblock.ts';
import { XattrReader } from './read-xattr.ts';

/** Directories that may wait for their turn while a tree is walked; some hundred bytes each. */
const MAX_WAITING = 1 << 18;

/**
 * Reads a SquashFS 4.0 image, which may be made to deceive: what is outside the file system, contradicts itself or goes
 * round in circles ends with an ImageError ('malformed').
 */
export class SquashfsReader implements FileSystem<SquashfsInode> {
  readonly type = 'squashfs';
  readonly compression: readonly string[];
  /** Its last compressor came with Linux 4.14. */
  readonly kernel = undefined;
  readonly superblock: Superblock;
  readonly #bytes: FileSystemBytes;
  readonly #metadata: Metadata;
  readonly #inodes: MetadataTable;
  readonly #directories: MetadataTable;
  readonly #ids: LookupTable;
  readonly #content: ContentReader;
  #xattrs: XattrReader | undefined;

  private constructor(source: ByteSource, superblock: Superblock, compressor: Compressor) {
    const { blockSize, bytesUsed, directoryTable, fragments, fragmentTable, idTable, inodeTable } =
      superblock;
    const { decompress, name } = compressor;
    const bytes = new FileSystemBytes(source, bytesUsed);
    const metadata = new Metadata(bytes, decompress);
    const inodes = { start: inodeTable, end: directoryTable, name: 'inodes' };
    this.superblock = superblock;
    this.compression = superblock.isCompressed ? [name] : [];
    this.#bytes = bytes;
    this.#metadata = metadata;
    this.#inodes = inodes;
    this.#directories = { start: directoryTable, end: bytesUsed, name: 'directories' };
    this.#ids = new LookupTable(bytes, metadata, {
      pointersAt: idTable,
      count: superblock.ids,
      recordSize: ID_SIZE,
      name: 'owners',
    });
    this.#content = new ContentReader({
      bytes,
      metadata,
      inodes,
      fragments: new LookupTable(bytes, metadata, {
        pointersAt: fragmentTable,
        count: fragments,
        recordSize: FRAGMENT_SIZE,
        name: 'fragments',
      }),
      decompress,
      blockSize,
    });
  }

  /**
   * Reads and checks the superblock.
   *
   * @throws ImageError ('malformed' if this is no SquashFS, 'out-of-range' for versions and compressors that cannot be
   * read here).
   */
  static async open(source: ByteSource, decompressors: Decompressors): Promise<SquashfsReader> {
    const superblock = await readSuperblock(source);
    const compressor = compressorOf(superblock.compression, decompressors);
    if (compressor === undefined) {
      throw new ImageError(
        'out-of-range',
        `SquashFS superblock: compressor ${superblock.compression} is not known here`,
        { hint: 'make the image anew with gzip, xz, zstd, lz4, lzo or lzma' },
      );
    }
    return new SquashfsReader(source, superblock, compressor);
  }

  get size(): number {
    return this.#bytes.size;
  }

  async root(): Promise<SquashfsInode> {
    const root = await this.#inode(this.superblock.rootInode);
    if (root.type !== 'directory') throw new ImageError('malformed', `SquashFS: the root is a ${root.type}`);
    return root;
  }

  /** The inode at a path from the root, which follows no symbolic links; undefined if there is none. */
  async lookup(path: ByteString): Promise<SquashfsInode | undefined> {
    let inode = await this.root();
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (inode.type !== 'directory') return undefined;
      const entry = await this.#find(inode, name);
      if (entry === undefined) return undefined;
      inode = await this.#named(entry, inode);
    }
    return inode;
  }

  /** The entries of a directory, ascending. */
  entries(directory: SquashfsInode): AsyncGenerator<DirectoryEntry> {
    return readDirectory(this.#metadata, this.#directories, directory);
  }

  /**
   * Everything in the file system, directories before their content, each directory's entries ascending. Needs
   * memory for the directories that wait, and a number for each inode. Ends with an error where a directory is met
   * twice, inodes share a number, or there are more names than could be stored.
   */
  async *walk(): AsyncGenerator<WalkedInode<SquashfsInode>> {
    const root: WalkedInode<SquashfsInode> = { path: '', inode: await this.root() };
    const references = new InodeReferences();
    references.add(root.inode.nid, root.inode.reference);
    let namesLeft = Math.floor((await this.#metadata.capacity(this.#directories)) / (ENTRY_SIZE + 1));
    yield root;
    for (const waiting = [root]; waiting.length > 0; ) {
      const directory = waiting.pop()!;
      const found: WalkedInode<SquashfsInode>[] = [];
      for await (const entry of this.entries(directory.inode)) {
        const inode = await this.#named(entry, directory.inode);
        if (--namesLeft < 0) throw new ImageError('malformed', 'SquashFS: directories share their entries');
        const isNew = references.add(inode.nid, inode.reference);
        const path = directory.path === '' ? entry.name : `${directory.path}/${entry.name}`;
        if (inode.type === 'directory') {
          if (!isNew) {
            throw new ImageError('malformed', `SquashFS directory ${inode.nid}: it has more than one name`);
          }
          found.push({ path, inode });
          if (waiting.length + found.length > MAX_WAITING) {
            throw new ImageError(
              'out-of-range',
              `SquashFS: more than ${MAX_WAITING} directories wait to be read`,
            );
          }
        }
        yield { path, inode };
      }
      waiting.push(...found.reverse());
    }
  }

  /** The extended attributes of an inode, by full name. */
  async xattrs(inode: SquashfsInode): Promise<Map<ByteString, Uint8Array>> {
    if (inode.xattrIndex === undefined) return new Map();
    const what = (): string => `SquashFS inode ${inode.nid}`;
    const { xattrTable } = this.superblock;
    if (xattrTable === undefined) {
      throw new ImageError('malformed', `${what()}: it has attributes, and the file system none`);
    }
    this.#xattrs ??= await XattrReader.open(this.#bytes, this.#metadata, xattrTable);
    return this.#xattrs.read(inode.xattrIndex, what);
  }

  /** The content of a file in pieces; holes come as zeros, so that there may be more than the image has. */
  content(inode: SquashfsInode): AsyncGenerator<Uint8Array> {
    return this.#content.read(inode);
  }

  /**
   * The whole content of a file.
   *
   * @param limit Most bytes to be kept in memory; a larger file is an ImageError ('out-of-range').
   */
  readFile(inode: SquashfsInode, limit: number): Promise<Uint8Array> {
    return readWhole(this.content(inode), inode.size, limit, `SquashFS inode ${inode.nid}`);
  }

  /** The target of a symbolic link. */
  async linkTarget(inode: SquashfsInode): Promise<ByteString> {
    const malformed = (cause: string): ImageError =>
      new ImageError('malformed', `SquashFS inode ${inode.nid}: ${cause}`);
    if (inode.data.kind !== 'target') throw malformed(`a ${inode.type} has no target`);
    const cursor = new MetadataCursor(this.#metadata, this.#inodes, inode.data.reference);
    const target = byteString(await cursor.read(inode.size));
    if (target.includes('\0')) throw malformed('the target holds a NUL');
    return target;
  }

  #inode(reference: number): Promise<SquashfsInode> {
    return readInode(this.#metadata, this.#inodes, this.#ids, reference);
  }

  /** The inode of an entry, which says the same as the directory does. */
  async #named(entry: DirectoryEntry, directory: SquashfsInode): Promise<SquashfsInode> {
    const inode = await this.#inode(entry.reference);
    if (inode.type !== entry.type) {
      throw new ImageError(
        'malformed',
        `SquashFS directory ${directory.nid}: calls a ${inode.type} a ${entry.type}`,
      );
    }
    if (inode.nid !== entry.nid) {
      throw new ImageError(
        'malformed',
        `SquashFS directory ${directory.nid}: calls inode ${inode.nid} ${entry.nid}`,
      );
    }
    return inode;
  }

  async #find(directory: SquashfsInode, name: ByteString): Promise<DirectoryEntry | undefined> {
    for await (const entry of this.entries(directory)) {
      if (entry.name === name) return entry;
      if (entry.name > name) return undefined;
    }
    return undefined;
  }
}
