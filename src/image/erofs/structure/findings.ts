import type { ByteString } from '../../../base/byte-string.ts';
import { displayName } from '../../../base/display.ts';
import { type Finding, SUBJECTS_MAX } from '../../../base/finding.ts';
import type { ImageError } from '../../error.ts';
import type { ImageFinding } from '../../image-finding.ts';

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
  /** Extended attributes that the kernel would not find. */
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

const DAMAGED = {
  level: 'error',
  hint: 'the image is damaged or was made to deceive: get it anew from a source you trust',
} as const;
const HARMLESS = { level: 'warning', hint: 'build the image anew with a current mkfs.erofs' } as const;
const BEYOND_LIMITS = {
  level: 'error',
  hint: 'build the image with less in it, in one file, and with features of Linux 6.12',
} as const;

const KINDS: Readonly<Record<ErofsFindingCode, Pick<Finding, 'level' | 'hint'>>> = {
  'inode-malformed': DAMAGED,
  'directory-malformed': DAMAGED,
  'directory-dots': DAMAGED,
  'directory-loop': DAMAGED,
  'entry-type': DAMAGED,
  'symlink-target': DAMAGED,
  'xattrs-malformed': DAMAGED,
  'xattrs-hidden': DAMAGED,
  overlap: DAMAGED,
  'content-undecodable': DAMAGED,
  unchecked: BEYOND_LIMITS,
  'link-count': HARMLESS,
  'inode-count': HARMLESS,
};

/** Collects what is found: one finding a code, which tells the first case and how many there are. */
export class StructureFindings {
  readonly #found = new Map<ErofsFindingCode, { first: string; count: number; subjects: string[] }>();

  /**
   * @param detail A sentence without the final full stop.
   * @param path Of what it is about, from the root; undefined where that is no file, or found later.
   */
  add(code: ErofsFindingCode, detail: string, path: ByteString | undefined): void {
    const known = this.#found.get(code);
    if (known === undefined) this.#found.set(code, { first: detail, count: 1, subjects: [] });
    else known.count += 1;
    if (path !== undefined) this.addSubject(code, path);
  }

  /** A path that a finding made before is about too. */
  addSubject(code: ErofsFindingCode, path: ByteString): void {
    const { subjects } = this.#found.get(code)!;
    const subject = path === '' ? '/' : displayName(path);
    if (subjects.length < SUBJECTS_MAX && !subjects.includes(subject)) subjects.push(subject);
  }

  /** What reading threw: `code`, or where it is only this implementation that cannot go on, `unchecked`. */
  addError(code: ErofsFindingCode, error: ImageError, path: ByteString | undefined): void {
    this.add(error.code === 'out-of-range' ? 'unchecked' : code, error.message, path);
  }

  /** In the order they were found first. */
  list(): ImageFinding<ErofsFindingCode>[] {
    return [...this.#found].map(([code, { first, count, subjects }]) => ({
      code,
      ...KINDS[code],
      layer: 'file-system',
      message: count === 1 ? first : `${first}, and ${count - 1} more like it`,
      subjects,
    }));
  }
}
