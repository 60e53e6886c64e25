import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import type { ImageFinding } from '../image-finding.ts';
import { DIRENT_SIZE } from './layout.ts';
import { type DirectoryEntry, readDirectory } from './read-directory.ts';
import type { ErofsInode } from './read-inode.ts';
import { mapContent } from './read-mapping.ts';
import type { ErofsReader } from './reader.ts';
import { SparseBits } from './sparse-bits.ts';
import { ContentCheck } from './structure/check-content.ts';
import { XattrCheck } from './structure/check-xattrs.ts';
import { type ErofsFindingCode, StructureFindings } from './structure/findings.ts';
import { SpaceUsage } from './structure/space-usage.ts';

export type { ErofsFindingCode } from './structure/findings.ts';

/** Directories that may wait for their turn, and inodes with several names: some hundred bytes each. */
const MAX_WAITING = 1 << 18;
const MAX_LINKED = 1 << 20;

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
export async function checkErofsStructure(
  reader: ErofsReader,
  check: StructureCheck,
): Promise<ImageFinding<ErofsFindingCode>[]> {
  return new StructureWalk(reader, check).run();
}

interface Waiting {
  readonly path: ByteString;
  readonly directory: ErofsInode;
  readonly parentNid: number;
}

class StructureWalk {
  readonly #reader: ErofsReader;
  readonly #findings = new StructureFindings();
  readonly #content: ContentCheck;
  readonly #xattrs: XattrCheck;
  readonly #seen = new SparseBits();
  #inodes = 0;
  /** Links that are still to be met, of inodes that say they have several. */
  readonly #linksLeft = new Map<number, number>();
  #namesLeft: number;

  constructor(reader: ErofsReader, check: StructureCheck) {
    const usage = new SpaceUsage(reader.superblock);
    this.#reader = reader;
    this.#content = new ContentCheck(reader.parts, this.#findings, usage, check.content);
    this.#xattrs = new XattrCheck(reader.parts, this.#findings, usage);
    this.#namesLeft = Math.floor(reader.size / DIRENT_SIZE);
  }

  async run(): Promise<ImageFinding<ErofsFindingCode>[]> {
    await this.#checkPackedInode();
    const root = await this.#reader.root();
    await this.#checkInode(root, '');
    const waiting: Waiting[] = [{ path: '', directory: root, parentNid: root.nid }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const found = await this.#checkDirectory(next, MAX_WAITING - waiting.length);
      waiting.push(...found.reverse());
    }
    this.#checkInodeCount();
    await this.#nameUndecodable(await this.#content.decodeClusters());
    await this.#nameMissingLinks();
    return this.#findings.list();
  }

  /** Runs a check, and reports what it throws. */
  async #attempt(
    code: ErofsFindingCode,
    path: ByteString | undefined,
    check: () => Promise<void>,
  ): Promise<void> {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.#findings.addError(code, error, path);
    }
  }

  /** It has no name. */
  async #checkPackedInode(): Promise<void> {
    if (this.#reader.superblock.packedNid === undefined) return;
    await this.#attempt('inode-malformed', undefined, async () => {
      await this.#checkInode(await this.#reader.parts.packedInode.inode(), undefined);
    });
  }

  /** Looks at an inode when it is met first. */
  async #checkInode(inode: ErofsInode, path: ByteString | undefined): Promise<void> {
    this.#seen.add(inode.nid);
    this.#inodes += 1;
    await this.#attempt('inode-malformed', path, () => this.#content.check(inode, path));
    await this.#attempt('xattrs-malformed', path, () => this.#xattrs.check(inode, path));
    if (inode.type === 'symlink' && this.#content.mayDecode(inode)) {
      await this.#attempt('symlink-target', path, async () => void (await this.#reader.linkTarget(inode)));
    }
    if (inode.type === 'directory' || inode.links === 1 || path === undefined) return;
    if (inode.links === 0)
      this.#findings.add('link-count', `EROFS inode ${inode.nid}: it has a name, but no links`, path);
    else if (this.#linksLeft.size < MAX_LINKED) this.#linksLeft.set(inode.nid, inode.links - 1);
    else this.#findings.add('unchecked', `EROFS: more than ${MAX_LINKED} files have several names`, path);
  }

  /** Looks at a directory's entries and what they name. Returns the directories in it, at most `room` of them. */
  async #checkDirectory({ path, directory, parentNid }: Waiting, room: number): Promise<Waiting[]> {
    const found: Waiting[] = [];
    const dots = new Map<ByteString, number>();
    let subdirectories = 0;
    await this.#attempt('directory-malformed', path, async () => {
      if (!this.#content.mayDecode(directory)) return;
      for await (const entries of readDirectory(this.#reader.parts, directory)) {
        this.#namesLeft -= entries.length;
        if (this.#namesLeft < 0) throw new ImageError('malformed', 'EROFS: directories share their entries');
        for (const entry of entries) {
          if (entry.name === '.' || entry.name === '..') {
            dots.set(entry.name, entry.nid);
            continue;
          }
          const entryPath = path === '' ? entry.name : `${path}/${entry.name}`;
          const inode = await this.#checkEntry(entry, entryPath);
          if (inode === undefined) continue;
          subdirectories += 1;
          if (inode === 'known') continue;
          if (found.length < room)
            found.push({ path: entryPath, directory: inode, parentNid: directory.nid });
          else
            this.#findings.add(
              'unchecked',
              `EROFS: more than ${MAX_WAITING} directories wait to be read`,
              path,
            );
        }
      }
    });
    for (const [name, nid] of [
      ['.', directory.nid],
      ['..', parentNid],
    ] as const) {
      if (dots.get(name) === nid) continue;
      const leads = dots.has(name) ? `leads to inode ${dots.get(name)}, not ${nid}` : 'is missing';
      this.#findings.add('directory-dots', `EROFS directory ${directory.nid}: '${name}' ${leads}`, path);
    }
    // More than 65,535 do not fit into every inode, for which 1 stands.
    if (directory.links !== subdirectories + 2 && directory.links !== 1) {
      const counts = `says that it has ${directory.links} links, not ${subdirectories + 2}`;
      this.#findings.add('link-count', `EROFS directory ${directory.nid}: it ${counts}`, path);
    }
    return found;
  }

  /** Looks at what an entry names. Returns it if it is a directory: `known` if it was met before. */
  async #checkEntry(
    { name, nid, type }: DirectoryEntry,
    path: ByteString,
  ): Promise<ErofsInode | 'known' | undefined> {
    let inode: ErofsInode | undefined;
    await this.#attempt('inode-malformed', path, async () => {
      inode = await this.#reader.inode(nid);
    });
    if (inode === undefined) return undefined;
    if (inode.type !== type)
      this.#findings.add(
        'entry-type',
        `EROFS inode ${nid}: '${displayName(name)}' is a ${inode.type}, not a ${type}`,
        path,
      );
    const isDirectory = inode.type === 'directory';
    if (!this.#seen.has(nid)) {
      await this.#checkInode(inode, path);
      return isDirectory ? inode : undefined;
    }
    if (isDirectory) {
      this.#findings.add('directory-loop', `EROFS directory ${nid}: it has more than one name`, path);
      return 'known';
    }
    const left = this.#linksLeft.get(nid);
    if (left !== undefined && left > 0) this.#linksLeft.set(nid, left - 1);
    else
      this.#findings.add(
        'link-count',
        `EROFS inode ${nid}: it has more names than its ${inode.links} links`,
        path,
      );
    return undefined;
  }

  #checkInodeCount(): void {
    const { inodes } = this.#reader.superblock;
    if (this.#inodes === inodes) return;
    const counts = `it says that it has ${inodes} inodes, not ${this.#inodes}`;
    this.#findings.add('inode-count', `EROFS superblock: ${counts}`, undefined);
  }

  /** Finds the files whose content is in clusters that cannot be decompressed. */
  async #nameUndecodable(undecodable: ReadonlyMap<number, string>): Promise<void> {
    if (undecodable.size === 0) return;
    const { bytes } = this.#reader.parts;
    for (const cause of undecodable.values()) this.#findings.add('content-undecodable', cause, undefined);
    await this.#eachInode(async (inode, path) => {
      for await (const extent of mapContent(bytes, this.#reader.superblock, inode)) {
        if (extent.kind === 'cluster' && undecodable.has(extent.offset))
          this.#findings.addSubject('content-undecodable', path);
      }
    });
  }

  /** Finds the names of inodes that should have more. */
  async #nameMissingLinks(): Promise<void> {
    const missing = new Set<number>();
    for (const [nid, left] of this.#linksLeft) {
      if (left === 0) continue;
      missing.add(nid);
      this.#findings.add(
        'link-count',
        `EROFS inode ${nid}: it has ${left} names fewer than links`,
        undefined,
      );
    }
    if (missing.size === 0) return;
    await this.#eachInode(async ({ nid }, path) => {
      if (missing.has(nid)) this.#findings.addSubject('link-count', path);
    });
  }

  /** Walks once more, as far as the file system can be walked: what is wrong with it was found already. */
  async #eachInode(visit: (inode: ErofsInode, path: ByteString) => Promise<void>): Promise<void> {
    try {
      for await (const { inode, path } of this.#reader.walk()) await visit(inode, path);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
    }
  }
}
