import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import { type FileSystemBytes, readU64, viewOf } from '../file-system-bytes.ts';
import {
  MAX_XATTR_NAME_LENGTH,
  MAX_XATTR_VALUE_SIZE,
  XATTR_ENTRY_FIELD,
  XATTR_ENTRY_SIZE,
  XATTR_ID_FIELD,
  XATTR_ID_SIZE,
  XATTR_IS_ELSEWHERE,
  XATTR_PREFIXES,
  XATTR_REFERENCE_SIZE,
  XATTR_TABLE_FIELD,
  XATTR_TABLE_HEADER_SIZE,
} from './layout.ts';
import { LookupTable } from './lookup-table.ts';
import { type Metadata, MetadataCursor, type MetadataTable } from './metadata.ts';

/** Most bytes of names and values of one inode; other file systems hold far fewer. */
const MAX_TOTAL_SIZE = 1 << 20;
const VALUE_HEADER_SIZE = 4;

/** Reads extended attributes. */
export class XattrReader {
  readonly #metadata: Metadata;
  readonly #table: MetadataTable;
  readonly #ids: LookupTable;

  private constructor(metadata: Metadata, table: MetadataTable, ids: LookupTable) {
    this.#metadata = metadata;
    this.#table = table;
    this.#ids = ids;
  }

  /** @param at Where the table of the attributes of inodes is. */
  static async open(bytes: FileSystemBytes, metadata: Metadata, at: number): Promise<XattrReader> {
    const what = (): string => 'SquashFS table of extended attributes';
    const header = viewOf(await bytes.readNear(at, XATTR_TABLE_HEADER_SIZE, what));
    const start = readU64(header, XATTR_TABLE_FIELD.start, () => `${what()}: where it starts`);
    const count = header.getUint32(XATTR_TABLE_FIELD.count, true);
    const ids = new LookupTable(bytes, metadata, {
      pointersAt: at + XATTR_TABLE_HEADER_SIZE,
      count,
      recordSize: XATTR_ID_SIZE,
      name: "inodes' attributes",
    });
    return new XattrReader(metadata, { start, end: at, name: 'extended attributes' }, ids);
  }

  /** The attributes with an index, by full name. */
  async read(index: number, what: () => string): Promise<Map<ByteString, Uint8Array>> {
    const id = await this.#ids.record(index);
    const reference = readU64(id, XATTR_ID_FIELD.reference, () => `${what()}: where its attributes are`);
    const count = id.getUint32(XATTR_ID_FIELD.count, true);
    const cursor = new MetadataCursor(this.#metadata, this.#table, reference);
    const xattrs = new Map<ByteString, Uint8Array>();
    let total = 0;
    for (let left = count; left > 0; left--) {
      const entry = viewOf(await cursor.read(XATTR_ENTRY_SIZE));
      const type = entry.getUint16(XATTR_ENTRY_FIELD.type, true);
      const prefix = XATTR_PREFIXES[type & ~XATTR_IS_ELSEWHERE];
      if (prefix === undefined) {
        throw new ImageError('malformed', `${what()}: an attribute has no known type (${type})`);
      }
      const nameSize = entry.getUint16(XATTR_ENTRY_FIELD.nameSize, true);
      if (nameSize === 0 || prefix.length + nameSize > MAX_XATTR_NAME_LENGTH) {
        throw new ImageError('malformed', `${what()}: a name of an attribute has ${nameSize} bytes`);
      }
      const name = prefix + byteString(await cursor.read(nameSize));
      if (name.includes('\0') || xattrs.has(name)) {
        throw new ImageError('malformed', `${what()}: '${displayName(name)}' is no name, or there twice`);
      }
      const value = await this.#value(cursor, (type & XATTR_IS_ELSEWHERE) !== 0, what);
      total += name.length + value.length;
      if (total > MAX_TOTAL_SIZE) {
        throw new ImageError(
          'out-of-range',
          `${what()}: its attributes have more than ${MAX_TOTAL_SIZE} bytes`,
        );
      }
      xattrs.set(name, value);
    }
    return xattrs;
  }

  async #value(cursor: MetadataCursor, isElsewhere: boolean, what: () => string): Promise<Uint8Array> {
    const size = viewOf(await cursor.read(VALUE_HEADER_SIZE)).getUint32(0, true);
    if (!isElsewhere) {
      if (size > MAX_XATTR_VALUE_SIZE) {
        throw new ImageError('malformed', `${what()}: the value of an attribute has ${size} bytes`);
      }
      // A copy, as a view would keep the whole block.
      return new Uint8Array(await cursor.read(size));
    }
    if (size !== XATTR_REFERENCE_SIZE) {
      throw new ImageError(
        'malformed',
        `${what()}: a reference to the value of an attribute has ${size} bytes`,
      );
    }
    const reference = readU64(viewOf(await cursor.read(size)), 0, () => `${what()}: where a value is`);
    return this.#value(new MetadataCursor(this.#metadata, this.#table, reference), false, what);
  }
}
