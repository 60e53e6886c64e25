import type { ByteString } from '../base/byte-string.ts';

/** The extended attributes of an entry without any. */
export const NO_XATTRS: ReadonlyMap<ByteString, Uint8Array> = new Map();

/** What a file tree's entry is. `hardlink` is another name of an entry that came before it in the same layer. */
export type EntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'hardlink'
  | 'character-device'
  | 'block-device'
  | 'fifo'
  | 'socket';

/**
 * One entry of a layer, as the source states it. Nothing about it is trusted or normalised yet: paths may be
 * absolute, hold `..` or repeat; that is for src/build to judge. Numbers are within the ranges given here.
 */
export interface Entry {
  /** The path as written in the archive, without a trailing slash. */
  readonly path: ByteString;
  readonly type: EntryType;
  /** Permission, set-id and sticky bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, possibly negative, and nanoseconds 0 to 999,999,999. */
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number };
  /** Bytes of content as `content` will yield them (holes filled in); 0 unless a file. */
  readonly size: number;
  /** Target of a symlink; for a hard link the path of the earlier entry, as written. Otherwise empty. */
  readonly linkTarget: ByteString;
  /** Device numbers; 0 unless a device. */
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array>;
  /**
   * The content of a file, exactly `size` bytes in pieces, to be read before the next entry is asked for; what
   * is not read is skipped. A piece is valid only until the next one is asked for.
   */
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}
