import type { ByteString } from '../../../base/byte-string.ts';
import { displayName } from '../../../base/display.ts';
import { viewOf } from '../../file-system-bytes.ts';
import { FEATURE_COMPAT, XATTR_HEADER_SIZE } from '../layout.ts';
import type { ErofsParts } from '../parts.ts';
import type { ErofsInode } from '../read-inode.ts';
import { storedXattrs } from '../read-xattr.ts';
import { xattrFilterBit } from '../xattr-filter.ts';
import { fullXattrName } from '../xattr-name.ts';
import type { StructureFindings } from './findings.ts';
import type { SpaceUsage } from './space-usage.ts';

/** Most bytes of attributes that are read: inodes that share large ones can seem to have far more than the image. */
const MAX_BYTES = 2 ** 32;

/** Checks the extended attributes of inodes. */
export class XattrCheck {
  readonly #parts: ErofsParts;
  readonly #findings: StructureFindings;
  readonly #usage: SpaceUsage;
  #bytesLeft = MAX_BYTES;

  constructor(parts: ErofsParts, findings: StructureFindings, usage: SpaceUsage) {
    this.#parts = parts;
    this.#findings = findings;
    this.#usage = usage;
  }

  /** Looks at those of an inode. @throws ImageError ('malformed') */
  async check(inode: ErofsInode, path: ByteString | undefined): Promise<void> {
    const { xattrArea } = inode;
    if (xattrArea.size === 0) return;
    const what = `EROFS inode ${inode.nid}: its extended attributes`;
    if (xattrArea.size === XATTR_HEADER_SIZE)
      this.#findings.add(
        'xattrs-hidden',
        `${what}: none are stored, which the kernel reports as an error`,
        path,
      );
    if (this.#bytesLeft < 0) {
      this.#findings.add('unchecked', 'EROFS: extended attributes of more than 4 GiB together', path);
      return;
    }
    const filter = await this.#filter(xattrArea.offset, what);
    const names = new Set<ByteString>();
    for await (const { name, value, shared } of storedXattrs(this.#parts, inode)) {
      this.#bytesLeft -= name.suffix.length + value.length;
      const full = fullXattrName(name);
      if (full === undefined || names.has(full)) {
        const cause = full === undefined ? 'is no name' : 'is there twice';
        const shown = full ?? `${name.index}, ${name.suffix}`;
        this.#findings.add('xattrs-malformed', `${what}: '${displayName(shown)}' ${cause}`, path);
        continue;
      }
      names.add(full);
      if ((filter & xattrFilterBit(name)) !== 0)
        this.#findings.add('xattrs-hidden', `${what}: the filter hides ${displayName(full)}`, path);
      if (shared !== undefined && !this.#usage.addShared(shared.start, shared.end))
        this.#findings.add('overlap', `${what}: ${displayName(full)} is where an inode or content is`, path);
    }
  }

  /** The names' filter, whose set bits tell the kernel what is absent. */
  async #filter(offset: number, what: string): Promise<number> {
    const { bytes, superblock } = this.#parts;
    if ((superblock.featureCompat & FEATURE_COMPAT.xattrFilter) === 0) return 0;
    return viewOf(await bytes.readNear(offset, XATTR_HEADER_SIZE, () => what)).getUint32(0, true);
  }
}
