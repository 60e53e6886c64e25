import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import {
  MAX_SHARED_XATTRS,
  MAX_XATTR_COUNT,
  MAX_XATTR_NAME,
  MAX_XATTR_VALUE,
  XATTR_ENTRY_FIELD,
  XATTR_ENTRY_SIZE,
  XATTR_HEADER_SIZE,
  XATTR_SHARED_COUNT_OFFSET,
  XATTR_UNIT,
} from './layout.ts';
import { storedXattrName } from './xattr-name.ts';

type Xattrs = ReadonlyMap<ByteString, Uint8Array>;

/** More inodes than this with the same attribute, and it is stored once (mkfs.erofs's default for `-x`). */
const SHARED_ABOVE = 2;
/** Values up to this length are compared as they are, longer ones by fingerprint. */
const SHORT_VALUE = 64;
const MAX_AREA_SIZE = XATTR_HEADER_SIZE + XATTR_UNIT * (MAX_XATTR_COUNT - 1);

interface Entry {
  readonly name: ByteString;
  readonly index: number;
  readonly suffix: ByteString;
  readonly value: Uint8Array;
}

/**
 * Bytes that attributes take beside their inode when none of them is shared, which is the most they can take.
 *
 * @param owner The inode's path, for messages.
 * @throws ImageError ('unrepresentable') for names and values the format or Linux cannot hold.
 */
export function inlineXattrSize(xattrs: Xattrs, owner: () => string): number {
  if (xattrs.size === 0) return 0;
  return areaSize(sortedEntries(xattrs, owner), 0, owner);
}

/** The attributes of all inodes: which are shared, and how those of one inode are written. */
export class XattrTable {
  readonly #fingerprint: (bytes: Uint8Array) => string;
  readonly #uses = new Map<string, { entry: Entry; count: number }>();
  readonly #ids = new Map<string, number>();

  constructor(fingerprint: (bytes: Uint8Array) => string) {
    this.#fingerprint = fingerprint;
  }

  /** Counts the attributes of one inode. To be called for every inode before the table is used. */
  count(xattrs: Xattrs, owner: () => string): void {
    if (xattrs.size === 0) return;
    for (const entry of sortedEntries(xattrs, owner)) {
      const key = this.#key(entry);
      const use = this.#uses.get(key);
      if (use === undefined) this.#uses.set(key, { entry, count: 1 });
      else use.count += 1;
    }
  }

  /** Gives shared attributes their numbers, and returns the bytes of the shared area. */
  share(): Uint8Array {
    const shared = [...this.#uses].filter(([, { count }]) => count > SHARED_ABOVE);
    this.#uses.clear();
    shared.sort(([, a], [, b]) => compareEntries(a.entry, b.entry));
    let size = 0;
    for (const [key, { entry }] of shared) {
      this.#ids.set(key, size / XATTR_UNIT);
      size += entrySize(entry);
    }
    const area = new Uint8Array(size);
    for (const [key, { entry }] of shared) writeEntry(area, this.#ids.get(key)! * XATTR_UNIT, entry);
    return area;
  }

  /** Bytes of the attribute area of an inode: 0 without attributes. */
  sizeOf(xattrs: Xattrs, owner: () => string): number {
    if (xattrs.size === 0) return 0;
    const { ids, inline } = this.#split(xattrs, owner);
    return areaSize(inline, ids.length, owner);
  }

  /** Writes the attribute area of an inode to `target`, which is zeros and of the size that {@link sizeOf} gave. */
  write(xattrs: Xattrs, target: Uint8Array): void {
    if (xattrs.size === 0) return;
    const { ids, inline } = this.#split(xattrs, () => 'an inode');
    const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    target[XATTR_SHARED_COUNT_OFFSET] = ids.length;
    let at = XATTR_HEADER_SIZE;
    for (const id of ids) {
      view.setUint32(at, id, true);
      at += XATTR_UNIT;
    }
    for (const entry of inline) {
      writeEntry(target, at, entry);
      at += entrySize(entry);
    }
  }

  #split(xattrs: Xattrs, owner: () => string): { ids: number[]; inline: Entry[] } {
    const ids: number[] = [];
    const inline: Entry[] = [];
    for (const entry of sortedEntries(xattrs, owner)) {
      const id = ids.length < MAX_SHARED_XATTRS ? this.#ids.get(this.#key(entry)) : undefined;
      if (id === undefined) inline.push(entry);
      else ids.push(id);
    }
    return { ids, inline };
  }

  #key({ name, value }: Entry): string {
    const content = value.length <= SHORT_VALUE ? byteString(value) : this.#fingerprint(value);
    return `${name}\0${value.length}\0${content}`;
  }
}

/** The `i_xattr_icount` of an attribute area of `size` bytes. */
export function xattrCount(size: number): number {
  return size === 0 ? 0 : (size - XATTR_HEADER_SIZE) / XATTR_UNIT + 1;
}

function sortedEntries(xattrs: Xattrs, owner: () => string): Entry[] {
  return [...xattrs.keys()].sort().map((name) => checkedEntry(name, xattrs.get(name)!, owner));
}

function checkedEntry(name: ByteString, value: Uint8Array, owner: () => string): Entry {
  const stored = storedXattrName(name);
  const refuse = (cause: string, hint?: string): ImageError =>
    new ImageError(
      'unrepresentable',
      `${owner()}: the extended attribute ${displayName(name)} ${cause}`,
      hint === undefined ? {} : { hint },
    );
  if (stored === undefined) {
    throw refuse(
      'has no form in EROFS',
      'EROFS holds attributes in user., trusted. and security. and POSIX access control lists',
    );
  }
  if (name.length > MAX_XATTR_NAME) throw refuse(`has a name of more than ${MAX_XATTR_NAME} bytes`);
  if (/[\0\u0100-\uffff]/.test(name)) throw refuse('has a name that is not bytes other than NUL');
  if (value.length > MAX_XATTR_VALUE) throw refuse(`has a value of more than ${MAX_XATTR_VALUE} bytes`);
  return { name, ...stored, value };
}

function areaSize(inline: readonly Entry[], sharedCount: number, owner: () => string): number {
  const size = inline.reduce(
    (sum, entry) => sum + entrySize(entry),
    XATTR_HEADER_SIZE + XATTR_UNIT * sharedCount,
  );
  if (size > MAX_AREA_SIZE) {
    throw new ImageError(
      'unrepresentable',
      `${owner()}: the extended attributes take ${size} bytes, EROFS holds ${MAX_AREA_SIZE} for an inode`,
    );
  }
  return size;
}

function entrySize({ suffix, value }: Entry): number {
  return Math.ceil((XATTR_ENTRY_SIZE + suffix.length + value.length) / XATTR_UNIT) * XATTR_UNIT;
}

function writeEntry(target: Uint8Array, offset: number, { index, suffix, value }: Entry): void {
  target[offset + XATTR_ENTRY_FIELD.nameLength] = suffix.length;
  target[offset + XATTR_ENTRY_FIELD.prefix] = index;
  target[offset + XATTR_ENTRY_FIELD.valueSize] = value.length & 0xff;
  target[offset + XATTR_ENTRY_FIELD.valueSize + 1] = value.length >>> 8;
  const nameAt = offset + XATTR_ENTRY_SIZE;
  for (let at = 0; at < suffix.length; at++) target[nameAt + at] = suffix.charCodeAt(at);
  target.set(value, nameAt + suffix.length);
}

function compareEntries(a: Entry, b: Entry): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  const [left, right] = [byteString(a.value), byteString(b.value)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
