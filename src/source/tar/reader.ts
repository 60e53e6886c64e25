import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName, escapeControls } from '../../base/display.ts';
import { withoutTrailing } from '../../base/without-trailing.ts';
import type { Entry, EntryType } from '../entry.ts';
import { SourceError, type SourceErrorCode } from '../error.ts';
import { ByteCursor, type Reading } from './byte-cursor.ts';
import { ExtendedHeader } from './extended-header.ts';
import { type Header, isZeroRecord, readHeader } from './header.ts';
import { LIMIT, RECORD_SIZE, TYPEFLAG } from './layout.ts';
import {
  fillHoles,
  isSparseMap,
  type PaxSparse,
  readGnuSparseMap,
  readLeadingSparseMap,
  type SparseRegion,
} from './sparse.ts';

const ENTRY_TYPES: ReadonlyMap<string, EntryType> = new Map([
  [TYPEFLAG.file, 'file'],
  [TYPEFLAG.oldFile, 'file'],
  [TYPEFLAG.contiguousFile, 'file'],
  [TYPEFLAG.gnuSparse, 'file'],
  [TYPEFLAG.hardlink, 'hardlink'],
  [TYPEFLAG.symlink, 'symlink'],
  [TYPEFLAG.characterDevice, 'character-device'],
  [TYPEFLAG.blockDevice, 'block-device'],
  [TYPEFLAG.directory, 'directory'],
  [TYPEFLAG.fifo, 'fifo'],
]);

/** Headers that only say something about the next one. */
const EXTENSIONS: readonly string[] = [TYPEFLAG.paxHeader, TYPEFLAG.gnuLongName, TYPEFLAG.gnuLongLink];

/** Linux takes the number above it for no owner at all. */
const UID_MAX = 0xffff_fffe;
const MAJOR_MAX = 0xfff;
const MINOR_MAX = 0xf_ffff;

/**
 * Reads a tar archive as it streams: ustar, pax and GNU's formats, sparse files of all kinds included. The stream is
 * read to its end, also behind the archive's end mark.
 *
 * @param description Names the archive in messages.
 * @throws SourceError `malformed` for damaged and truncated archives, `unsupported` for entries of an unknown type,
 * `too-large` beyond the limits of layout.ts.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  description: string,
): AsyncGenerator<Entry> {
  const cursor = new ByteCursor(chunks);
  const reader = new TarReader(cursor, description);
  try {
    for (;;) {
      const reading = reader.next();
      let step = reading.next();
      while (step.done !== true) {
        await cursor.fill();
        step = reading.next();
      }
      if (step.value === undefined) break;
      yield step.value;
    }
    if (!cursor.hasEnded)
      throw new TypeError('the tar reader left bytes unread, so that no digest was checked');
  } finally {
    await cursor.close();
  }
}

class TarReader {
  readonly #cursor: ByteCursor;
  readonly #description: string;
  readonly #globalRecords: ByteString[] = [];
  #globalSize = 0;
  #entries = 0;
  /** The path of the entry being read, for messages. */
  #path: ByteString = '';
  /** Bytes of the current content that were not read, and of the padding after it. */
  #contentLeft = 0;
  #padding = 0;

  constructor(cursor: ByteCursor, description: string) {
    this.#cursor = cursor;
    this.#description = description;
  }

  /**
   * The next entry; undefined at the end. What was not read of the last one's content is skipped.
   *
   * Archives have many small files, so that nothing more is made of them than there must be: no other generator where all is at hand.
   */
  *next(): Reading<Entry | undefined> {
    if (!this.#skipContentNow()) yield* this.#skipContent();
    let extended: ExtendedHeader | undefined;
    for (;;) {
      const atHand = this.#cursor.takeNow(RECORD_SIZE);
      const block = atHand !== undefined && atHand[0] !== 0 ? atHand : yield* this.#headerBlock(atHand);
      if (block === undefined) {
        if (extended !== undefined) throw this.#malformed('ends after an extended header');
        return undefined;
      }
      const header = readHeader(block);
      if (header === undefined) throw this.#malformed('has a header with a wrong check sum');
      if (header.typeflag === TYPEFLAG.paxGlobalHeader) {
        yield* this.#takeGlobal(header);
        continue;
      }
      extended ??= this.#newExtendedHeader();
      if (EXTENSIONS.includes(header.typeflag)) {
        yield* this.#takeExtension(header, extended);
        continue;
      }
      const { sparse } = extended;
      if (sparse === 'damaged') throw this.#malformed('has a sparse file whose map is damaged');
      const entry = this.#entry(header, extended, sparse);
      if (sparse === undefined && header.typeflag !== TYPEFLAG.gnuSparse) return entry;
      return { ...entry, ...(yield* this.#sparseContent(header, entry.size, block, sparse)) };
    }
  }

  /**
   * The next header; undefined at the end mark (two blocks of zeros) or at the end of the stream.
   *
   * @param atHand It, if it was taken already.
   */
  *#headerBlock(atHand: Uint8Array | undefined): Reading<Uint8Array | undefined> {
    const block = atHand ?? (yield* this.#cursor.take(RECORD_SIZE));
    if (block.length === 0) return undefined;
    if (block.length < RECORD_SIZE) throw this.#truncated();
    if (block[0] !== 0 || !isZeroRecord(block)) return block;
    const second = yield* this.#cursor.take(RECORD_SIZE);
    if (!isZeroRecord(second)) throw this.#malformed('goes on after a single block of zeros');
    while ((yield* this.#cursor.piece(Number.MAX_SAFE_INTEGER)) !== undefined);
    return undefined;
  }

  #newExtendedHeader(): ExtendedHeader {
    const extended = new ExtendedHeader();
    for (const records of this.#globalRecords) {
      const problem = extended.takePax(records);
      if (problem !== undefined) throw this.#malformed(`has a global extended header: ${problem}`);
    }
    return extended;
  }

  *#takeGlobal(header: Header): Reading<void> {
    const records = yield* this.#extension(header);
    this.#globalSize += records.length;
    if (this.#globalSize > LIMIT.globalHeaders) throw this.#tooLarge('global extended headers');
    if (records !== '') this.#globalRecords.push(records);
  }

  /** Takes one of {@link EXTENSIONS}. */
  *#takeExtension(header: Header, extended: ExtendedHeader): Reading<void> {
    switch (header.typeflag) {
      case TYPEFLAG.paxHeader: {
        const problem = extended.takePax(yield* this.#extension(header));
        if (problem !== undefined)
          throw this.#malformed(`has an entry '${this.#name(header, extended)}': ${problem}`);
        break;
      }
      case TYPEFLAG.gnuLongName:
        extended.path ??= untilNul(yield* this.#extension(header));
        break;
      case TYPEFLAG.gnuLongLink:
        extended.linkTarget ??= untilNul(yield* this.#extension(header));
        break;
    }
  }

  /** The content of an extended header. */
  *#extension({ size }: Header): Reading<ByteString> {
    if (size === undefined || size < 0) throw this.#malformed('has an extended header without a valid size');
    if (size > LIMIT.extendedHeader) throw this.#tooLarge('an extended header');
    const padded = Math.ceil(size / RECORD_SIZE) * RECORD_SIZE;
    const bytes = yield* this.#cursor.take(padded);
    if (bytes.length < padded) throw this.#truncated();
    return byteString(bytes.subarray(0, size));
  }

  /** An entry; a sparse one has the size that is archived, and no content yet. */
  #entry(header: Header, extended: ExtendedHeader, sparse: PaxSparse | undefined): Entry {
    this.#entries += 1;
    if (this.#entries > LIMIT.entries) throw this.#tooLarge('the number of entries');
    const path = sparse?.name ?? extended.path ?? header.path;
    this.#path = path;
    const linkTarget = extended.linkTarget ?? header.linkTarget;
    if (path.length > LIMIT.path || linkTarget.length > LIMIT.path) throw this.#tooLarge('a path');
    const stated = ENTRY_TYPES.get(header.typeflag);
    if (stated === undefined) {
      const flag = escapeControls(header.typeflag);
      throw this.#error('unsupported', `has an entry '${displayName(path)}' of the unknown type '${flag}'`);
    }
    // Before ustar a directory was a file whose name ends in a slash.
    const type = stated === 'file' && path.endsWith('/') ? 'directory' : stated;
    const isFile = type === 'file';
    const isSparse = sparse !== undefined || header.typeflag === TYPEFLAG.gnuSparse;
    if (!isFile && isSparse) {
      throw this.#malformed(`has a sparse entry '${displayName(path)}' that is no file`);
    }
    const storedSize = isFile
      ? this.#number('size', extended.size ?? header.size, Number.MAX_SAFE_INTEGER)
      : 0;
    const isDevice = type === 'character-device' || type === 'block-device';
    return {
      path: withoutTrailing(path, '/'),
      type,
      // Some programs put the file type into the mode, as stat has it.
      mode: this.#number('mode', header.mode, Number.MAX_SAFE_INTEGER) % 0o10000,
      uid: this.#number('uid', extended.uid ?? header.uid, UID_MAX),
      gid: this.#number('gid', extended.gid ?? header.gid, UID_MAX),
      mtime: extended.mtime ?? { seconds: this.#time(header.mtime), nanoseconds: 0 },
      linkTarget: type === 'symlink' || type === 'hardlink' ? linkTarget : '',
      major: isDevice ? this.#number('major device number', header.major, MAJOR_MAX) : 0,
      minor: isDevice ? this.#number('minor device number', header.minor, MINOR_MAX) : 0,
      xattrs: extended.xattrs,
      size: storedSize,
      content: isSparse ? [] : this.#content(storedSize),
    };
  }

  /** The content of an entry whose archived bytes come next. */
  #content(size: number): Entry['content'] {
    this.#expect(size, size);
    if (size === 0) return [];
    const atHand = this.#cursor.takeNow(size);
    if (atHand === undefined) return this.#pieces();
    this.#contentLeft = 0;
    return [atHand];
  }

  /** The size and content of a sparse file, whose map, if it is not in the headers, comes next. */
  *#sparseContent(
    header: Header,
    storedSize: number,
    block: Uint8Array,
    pax: PaxSparse | undefined,
  ): Reading<Pick<Entry, 'size' | 'content'>> {
    if (pax === undefined || header.typeflag === TYPEFLAG.gnuSparse) {
      const map = yield* readGnuSparseMap(block, this.#cursor);
      return this.#sparse(map?.regions, map?.realSize ?? 0, storedSize, storedSize);
    }
    if (pax.regions !== undefined) return this.#sparse(pax.regions, pax.realSize, storedSize, storedSize);
    const map = yield* readLeadingSparseMap(this.#cursor);
    return this.#sparse(map?.regions, pax.realSize, storedSize - (map?.length ?? 0), storedSize);
  }

  #sparse(
    regions: readonly SparseRegion[] | undefined,
    realSize: number,
    dataSize: number,
    storedSize: number,
  ): Pick<Entry, 'size' | 'content'> {
    if (regions === undefined || !isSparseMap(regions, realSize, dataSize)) {
      throw this.#malformed(`has a sparse file '${displayName(this.#path)}' whose map is damaged`);
    }
    this.#expect(dataSize, storedSize);
    return { size: realSize, content: fillHoles(regions, realSize, (limit) => this.#piece(limit)) };
  }

  #expect(left: number, storedSize: number): void {
    this.#contentLeft = left;
    this.#padding = (RECORD_SIZE - (storedSize % RECORD_SIZE)) % RECORD_SIZE;
  }

  async *#pieces(): AsyncGenerator<Uint8Array> {
    while (this.#contentLeft > 0) yield await this.#piece(this.#contentLeft);
  }

  async #piece(limit: number): Promise<Uint8Array> {
    const piece = await this.#cursor.whole(this.#cursor.piece(Math.min(limit, this.#contentLeft)));
    if (piece === undefined) throw this.#truncated();
    this.#contentLeft -= piece.length;
    return piece;
  }

  #skipContentNow(): boolean {
    if (!this.#cursor.skipNow(this.#contentLeft + this.#padding)) return false;
    this.#contentLeft = 0;
    this.#padding = 0;
    return true;
  }

  *#skipContent(): Reading<void> {
    const rest = this.#contentLeft + this.#padding;
    this.#contentLeft = 0;
    this.#padding = 0;
    if ((yield* this.#cursor.skip(rest)) < rest) throw this.#truncated();
  }

  #number(what: string, value: number | undefined, max: number): number {
    if (value !== undefined && value >= 0 && value <= max) return value;
    throw this.#malformed(`has an entry '${displayName(this.#path)}' whose ${what} is invalid`);
  }

  #time(seconds: number | undefined): number {
    if (seconds !== undefined) return seconds;
    throw this.#malformed(`has an entry '${displayName(this.#path)}' whose modification time is invalid`);
  }

  #name(header: Header, extended: ExtendedHeader): string {
    return displayName(extended.path ?? header.path);
  }

  #malformed(problem: string): SourceError {
    return this.#error('malformed', problem);
  }

  #truncated(): SourceError {
    return this.#error('malformed', 'ends in the middle of an entry: it is truncated');
  }

  #tooLarge(what: string): SourceError {
    return this.#error('too-large', `exceeds a limit: ${what}`);
  }

  #error(code: SourceErrorCode, problem: string): SourceError {
    return new SourceError(code, `${this.#description}: the tar archive ${problem}`, {
      hint: 'list it with tar -tv; if that fails too, fetch or make it again',
    });
  }
}

function untilNul(text: ByteString): ByteString {
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
