import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { SourceError, type SourceErrorCode } from '../error.ts';
import type { RandomAccessFile } from '../file-bytes.ts';
import { ExtendedHeader } from '../tar/extended-header.ts';
import { type Header, isZeroRecord, readHeader } from '../tar/header.ts';
import { LIMIT, RECORD_SIZE, TYPEFLAG } from '../tar/layout.ts';

/** Where a member's content lies in an uncompressed archive, in bytes. */
export interface Member {
  readonly offset: number;
  readonly size: number;
}

/** Headers in an archive; archives of images have some hundred. */
const HEADERS_MAX = 100_000;
/** `docker save` links layers that occur twice, each to the one before. */
const LINKS_MAX = 10;
/** Members that no content follows, whatever their size says. */
const WITHOUT_CONTENT: ReadonlySet<string> = new Set([
  TYPEFLAG.hardlink,
  TYPEFLAG.symlink,
  TYPEFLAG.characterDevice,
  TYPEFLAG.blockDevice,
  TYPEFLAG.directory,
  TYPEFLAG.fifo,
]);
const FILES: ReadonlySet<string> = new Set([TYPEFLAG.file, TYPEFLAG.oldFile, TYPEFLAG.contiguousFile]);

/**
 * The members of an uncompressed tar archive of an image, by name, without reading their content. Links are those of
 * old `docker save` archives, where a layer that is there already is a symbolic link to it. Of members with the same
 * name the last counts, as when the archive is unpacked.
 */
export class TarIndex {
  readonly #file: RandomAccessFile;
  readonly #description: string;
  /** A link is the name it leads to. */
  readonly #members = new Map<ByteString, Member | ByteString>();

  private constructor(file: RandomAccessFile, description: string) {
    this.#file = file;
    this.#description = description;
  }

  /**
   * Reads the headers of an archive. Throws a SourceError: `malformed` where it is none, or damaged; `too-large` beyond
   * 100,000 headers or names of 4096 bytes; `unsupported` for sparse members.
   *
   * @param description The archive, for messages.
   */
  static async read(
    file: RandomAccessFile,
    description: string,
    signal: AbortSignal | undefined,
  ): Promise<TarIndex> {
    const index = new TarIndex(file, description);
    await index.#readAll(signal);
    return index;
  }

  /** The member of this name, through links; undefined if there is none. */
  member(name: ByteString): Member | undefined {
    let found = this.#members.get(normalised(name));
    for (let hops = 0; typeof found === 'string' && hops < LINKS_MAX; hops++)
      found = this.#members.get(found);
    return typeof found === 'string' ? undefined : found;
  }

  async #readAll(signal: AbortSignal | undefined): Promise<void> {
    const { size: end } = this.#file;
    let extended = new ExtendedHeader();
    let headers = 0;
    for (let offset = 0; offset < end; headers++) {
      signal?.throwIfAborted();
      if (headers === HEADERS_MAX) throw this.#error('too-large', `has more than ${HEADERS_MAX} headers`);
      const block = await this.#file.read(offset, RECORD_SIZE);
      if (block.length < RECORD_SIZE) throw this.#truncated();
      if (isZeroRecord(block)) return;
      const header = readHeader(block);
      if (header === undefined) throw this.#error('malformed', 'has a header with a wrong check sum');
      const start = offset + RECORD_SIZE;
      if (await this.#takeExtension(header, start, extended)) {
        offset = start + paddedSize(header.size!);
        continue;
      }
      const size = WITHOUT_CONTENT.has(header.typeflag) ? 0 : (extended.size ?? header.size);
      if (size === undefined || size < 0) throw this.#error('malformed', 'has a member without a valid size');
      if (size > end - start) throw this.#truncated();
      this.#add(header, extended, { offset: start, size });
      extended = new ExtendedHeader();
      offset = start + paddedSize(size);
    }
  }

  /** Takes a header that only says something about the next one; whether it was such a one. */
  async #takeExtension(header: Header, start: number, extended: ExtendedHeader): Promise<boolean> {
    switch (header.typeflag) {
      case TYPEFLAG.paxHeader: {
        const problem = extended.takePax(await this.#extension(header, start));
        if (problem !== undefined) throw this.#error('malformed', `has a damaged member: ${problem}`);
        return true;
      }
      case TYPEFLAG.gnuLongName:
        extended.path ??= (await this.#extension(header, start)).replace(/\0.*$/s, '');
        return true;
      case TYPEFLAG.gnuLongLink:
        extended.linkTarget ??= (await this.#extension(header, start)).replace(/\0.*$/s, '');
        return true;
      case TYPEFLAG.paxGlobalHeader:
        // No program that saves images says anything of the members in it.
        await this.#extension(header, start);
        return true;
      default:
        return false;
    }
  }

  async #extension({ size }: Header, start: number): Promise<ByteString> {
    if (size === undefined || size < 0) {
      throw this.#error('malformed', 'has an extended header without a valid size');
    }
    if (size > LIMIT.extendedHeader)
      throw this.#error('too-large', 'has an extended header that is too large');
    const bytes = await this.#file.read(start, size);
    if (bytes.length < size) throw this.#truncated();
    return byteString(bytes);
  }

  #add(header: Header, extended: ExtendedHeader, member: Member): void {
    const path = extended.path ?? header.path;
    const target = extended.linkTarget ?? header.linkTarget;
    if (path.length > LIMIT.path || target.length > LIMIT.path) {
      throw this.#error('too-large', `has a name of more than ${LIMIT.path} bytes`);
    }
    if (header.typeflag === TYPEFLAG.gnuSparse || extended.sparse !== undefined) {
      throw this.#error(
        'unsupported',
        `has a sparse member, ${displayName(path)}`,
        'pack it without --sparse',
      );
    }
    const name = normalised(path);
    if (FILES.has(header.typeflag)) this.#members.set(name, member);
    else if (header.typeflag === TYPEFLAG.hardlink) this.#members.set(name, normalised(target));
    else if (header.typeflag === TYPEFLAG.symlink) {
      this.#members.set(name, normalised(target.startsWith('/') ? target : `${name}/../${target}`));
    } else this.#members.delete(name);
  }

  #truncated(): SourceError {
    return this.#error('malformed', 'is truncated');
  }

  #error(
    code: SourceErrorCode,
    problem: string,
    hint = 'check that the file is an archive of images and complete: tar -tf lists it',
  ): SourceError {
    return new SourceError(code, `${this.#description}: the archive ${problem}`, { hint });
  }
}

function paddedSize(size: number): number {
  return Math.ceil(size / RECORD_SIZE) * RECORD_SIZE;
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
