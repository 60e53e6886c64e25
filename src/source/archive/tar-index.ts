import type { ByteString } from '../../base/byte-string.ts';
import { SourceError } from '../error.ts';
import type { RandomAccessFile } from '../file-bytes.ts';
import { isZeroRecord, readHeader } from '../tar/header.ts';
import { RECORD_SIZE, TYPEFLAG } from '../tar/layout.ts';
import { paxInteger, readPaxRecords } from '../tar/pax.ts';

/** Where a member's content lies in an uncompressed archive, in bytes. */
export interface Member {
  readonly offset: number;
  readonly size: number;
}

/** Archives of images have some hundred members. */
const MEMBERS_MAX = 100_000;
const EXTENDED_HEADER_MAX = 64 * 1024;
/** `docker save` links layers that occur twice, each to the one before. */
const LINKS_MAX = 10;

/**
 * The members of an uncompressed tar archive of an image, by name, without reading their content. Links are those of
 * old `docker save` archives, where a layer that is there already is a symbolic link to it.
 */
export class TarIndex {
  readonly #file: RandomAccessFile;
  readonly #members = new Map<ByteString, Member>();
  readonly #links = new Map<ByteString, ByteString>();

  private constructor(file: RandomAccessFile) {
    this.#file = file;
  }

  /** Reads the headers of an archive. Throws a SourceError where it is none, or damaged. */
  static async read(file: RandomAccessFile, signal: AbortSignal | undefined): Promise<TarIndex> {
    const index = new TarIndex(file);
    await index.#readAll(signal);
    return index;
  }

  /** The member of this name, through links; undefined if there is none. */
  member(name: ByteString): Member | undefined {
    let at = normalised(name);
    for (let hops = 0; hops <= LINKS_MAX; hops++) {
      const target = this.#links.get(at);
      if (target === undefined) return this.#members.get(at);
      at = target;
    }
    return undefined;
  }

  async #readAll(signal: AbortSignal | undefined): Promise<void> {
    let longName: ByteString | undefined;
    let longSize: number | undefined;
    for (let offset = 0; offset < this.#file.size; ) {
      signal?.throwIfAborted();
      const block = await this.#file.read(offset, RECORD_SIZE);
      if (block.length < RECORD_SIZE) throw this.#malformed('it is truncated');
      if (isZeroRecord(block)) return;
      const header = readHeader(block);
      if (header === undefined) throw this.#malformed('a header has a wrong check sum');
      const size = longSize ?? header.size;
      if (size === undefined || size < 0) throw this.#malformed('a member has no valid size');
      const start = offset + RECORD_SIZE;
      const hasContent = !['1', '2', '3', '4', '5', '6'].includes(header.typeflag);
      offset = start + (hasContent ? Math.ceil(size / RECORD_SIZE) * RECORD_SIZE : 0);
      if (header.typeflag === TYPEFLAG.paxHeader || header.typeflag === TYPEFLAG.gnuLongName) {
        if (size > EXTENDED_HEADER_MAX) throw this.#malformed('an extended header is too large');
        const data = Buffer.from(await this.#file.read(start, size)).toString('latin1');
        if (header.typeflag === TYPEFLAG.gnuLongName) longName = data.replace(/\0.*$/s, '');
        else {
          const isRead = readPaxRecords(data, (keyword, value) => {
            if (keyword === 'path') longName = value;
            if (keyword === 'size') longSize = paxInteger(value);
          });
          if (!isRead) throw this.#malformed('an extended header is damaged');
        }
        continue;
      }
      if (header.typeflag === TYPEFLAG.paxGlobalHeader || header.typeflag === TYPEFLAG.gnuLongLink) continue;
      this.#add(longName ?? header.path, header.typeflag, header.linkTarget, { offset: start, size });
      longName = undefined;
      longSize = undefined;
    }
  }

  #add(path: ByteString, typeflag: string, target: ByteString, member: Member): void {
    const name = normalised(path);
    if (typeflag === TYPEFLAG.symlink) {
      const parent = name.split('/').slice(0, -1).join('/');
      this.#links.set(name, normalised(target.startsWith('/') ? target : `${parent}/${target}`));
    } else if (typeflag === TYPEFLAG.hardlink) {
      this.#links.set(name, normalised(target));
    } else if (typeflag === TYPEFLAG.file || typeflag === TYPEFLAG.oldFile) {
      if (member.offset + member.size > this.#file.size) throw this.#malformed('it is truncated');
      this.#members.set(name, member);
    }
    if (this.#members.size + this.#links.size > MEMBERS_MAX) throw this.#malformed('it has too many members');
  }

  #malformed(problem: string): SourceError {
    return new SourceError('malformed', `${this.#file.path}: the archive cannot be read: ${problem}`, {
      hint: 'check that the file is an archive of images and complete: tar -tf lists it',
    });
  }
}

/** A path without `.`, `..` and empty components; nothing is looked up outside the archive by it. */
function normalised(path: ByteString): ByteString {
  const components: ByteString[] = [];
  for (const component of path.split('/')) {
    if (component === '..') components.pop();
    else if (component !== '' && component !== '.') components.push(component);
  }
  return components.join('/');
}
