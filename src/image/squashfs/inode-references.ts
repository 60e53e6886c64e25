import { ImageError } from '../error.ts';

const PAGE_SIZE = 512;
/** Pages that are kept: 64 MiB, for 8 million inodes, as they are numbered from 1 on without gaps. */
const MAX_PAGES = 1 << 14;

/** Where the inode with each number is. */
export class InodeReferences {
  readonly #pages = new Map<number, Float64Array>();

  /**
   * Notes an inode.
   *
   * @returns Whether it is a new one.
   * @throws ImageError ('malformed' if the number is another inode's, 'out-of-range' where there are too many): what
   * the kernel showed for a number would depend on which inode it met first.
   */
  add(nid: number, reference: number): boolean {
    const key = Math.floor(nid / PAGE_SIZE);
    let page = this.#pages.get(key);
    if (page === undefined) {
      if (this.#pages.size === MAX_PAGES) {
        throw new ImageError('out-of-range', 'SquashFS: there are too many inodes to be told apart here');
      }
      page = new Float64Array(PAGE_SIZE).fill(-1);
      this.#pages.set(key, page);
    }
    const known = page[nid % PAGE_SIZE]!;
    if (known === reference) return false;
    if (known >= 0) throw new ImageError('malformed', `SquashFS inode ${nid}: another one has its number`);
    page[nid % PAGE_SIZE] = reference;
    return true;
  }
}
