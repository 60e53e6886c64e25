import { type ByteString, bytesOf } from '../../base/byte-string.ts';
import { NO_XATTRS } from '../entry.ts';
import { LIMIT } from './layout.ts';
import { paxInteger, paxTime, paxXattr, readPaxRecords } from './pax.ts';
import { isSparseRecord, type PaxSparse, PaxSparseRecords } from './sparse.ts';

/** What extended headers say about the next entry, over what its own header says. */
export class ExtendedHeader {
  path: ByteString | undefined;
  linkTarget: ByteString | undefined;
  size: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
  mtime: { readonly seconds: number; readonly nanoseconds: number } | undefined;
  // Most entries have neither.
  #xattrs: Map<ByteString, Uint8Array> | undefined;
  #sparse: PaxSparseRecords | undefined;
  #length = 0;

  get xattrs(): ReadonlyMap<ByteString, Uint8Array> {
    return this.#xattrs ?? NO_XATTRS;
  }

  /** What the records of a sparse file say; undefined if there are none, `damaged` if they make no sense. */
  get sparse(): PaxSparse | undefined | 'damaged' {
    return this.#sparse?.result();
  }

  /** Takes the records of a pax header; what is wrong with them, or undefined. */
  takePax(data: ByteString): string | undefined {
    this.#length += data.length;
    if (this.#length > LIMIT.extendedHeader) return 'its extended headers are too long';
    let problem: string | undefined;
    const isRead = readPaxRecords(data, (keyword, value) => {
      problem ??= this.#takeRecord(keyword, value);
    });
    return isRead ? problem : 'its extended header is damaged';
  }

  #takeRecord(keyword: ByteString, value: ByteString): string | undefined {
    switch (keyword) {
      case 'path':
        this.path = value;
        return undefined;
      case 'linkpath':
        this.linkTarget = value;
        return undefined;
      case 'mtime':
        this.mtime = paxTime(value);
        return this.mtime === undefined ? 'its modification time is no number' : undefined;
      case 'size':
      case 'uid':
      case 'gid': {
        const number = paxInteger(value);
        if (number === undefined) return `its ${keyword} is no number, or too large`;
        this[keyword] = number;
        return undefined;
      }
    }
    if (isSparseRecord(keyword)) {
      this.#sparse ??= new PaxSparseRecords();
      this.#sparse.take(keyword, value);
      return undefined;
    }
    const xattr = paxXattr(keyword, value);
    return xattr === undefined ? undefined : this.#takeXattr(...xattr);
  }

  #takeXattr(name: ByteString, value: ByteString): string | undefined {
    if (name === '' || name.length > 255 || name.includes('\0'))
      return 'the name of an extended attribute is invalid';
    if (value.length > LIMIT.xattrValue)
      return `an extended attribute is longer than ${LIMIT.xattrValue} bytes`;
    this.#xattrs ??= new Map();
    if (this.#xattrs.size >= LIMIT.xattrs) return `it has more than ${LIMIT.xattrs} extended attributes`;
    this.#xattrs.set(name, bytesOf(value));
    return undefined;
  }
}
