import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import type { InodeType } from '../file-system.ts';
import { viewOf } from '../file-system-bytes.ts';
import {
  DIRECTORY_HEADER_FIELD,
  DIRECTORY_HEADER_SIZE,
  ENTRY_FIELD,
  ENTRY_SIZE,
  MAX_ENTRIES_PER_HEADER,
  MAX_NAME_LENGTH,
} from './layout.ts';
import { type Metadata, MetadataCursor, type MetadataTable } from './metadata.ts';
import { type SquashfsInode, typeOfEntry } from './read-inode.ts';

/** A name in a directory. */
export interface DirectoryEntry {
  readonly name: ByteString;
  /** What the directory says it is. */
  readonly type: InodeType;
  /** Where its inode is in the inode table. */
  readonly reference: number;
  /** The inode's number, as the directory says. */
  readonly nid: number;
}

/**
 * Reads the entries of a directory, ascending.
 *
 * @param table The table of directories.
 * @throws ImageError ('malformed'), also where names do not ascend, as the kernel would list what it cannot find.
 */
export async function* readDirectory(
  metadata: Metadata,
  table: MetadataTable,
  directory: SquashfsInode,
): AsyncGenerator<DirectoryEntry> {
  const malformed = (cause: string): ImageError =>
    new ImageError('malformed', `SquashFS directory ${directory.nid}: ${cause}`);
  const { data } = directory;
  if (data.kind !== 'entries') throw malformed(`it is a ${directory.type}`);
  const cursor = new MetadataCursor(metadata, table, data.reference);
  let left = data.size;
  const take = (length: number): Promise<Uint8Array> => {
    left -= length;
    if (left < 0) throw malformed('the entries take more room than they have');
    return cursor.read(length);
  };
  for (let previous: ByteString | undefined; left > 0; ) {
    const header = viewOf(await take(DIRECTORY_HEADER_SIZE));
    const count = header.getUint32(DIRECTORY_HEADER_FIELD.count, true) + 1;
    if (count > MAX_ENTRIES_PER_HEADER) throw malformed(`a header is followed by ${count} entries`);
    const block = header.getUint32(DIRECTORY_HEADER_FIELD.block, true);
    const firstNumber = header.getUint32(DIRECTORY_HEADER_FIELD.number, true);
    for (let index = 0; index < count; index++) {
      const entry = viewOf(await take(ENTRY_SIZE));
      const name = byteString(await take(entry.getUint16(ENTRY_FIELD.nameSize, true) + 1));
      if (name.length > MAX_NAME_LENGTH || name === '.' || name === '..' || /[\0/]/.test(name)) {
        throw malformed(`'${displayName(name)}' is no name`);
      }
      if (previous !== undefined && name <= previous) {
        throw malformed(`the name '${displayName(name)}' comes after '${displayName(previous)}'`);
      }
      const type = typeOfEntry(entry.getUint16(ENTRY_FIELD.type, true));
      if (type === undefined) throw malformed(`'${displayName(name)}' has no known type`);
      yield {
        name,
        type,
        reference: block * 0x10000 + entry.getUint16(ENTRY_FIELD.offset, true),
        nid: firstNumber + entry.getInt16(ENTRY_FIELD.number, true),
      };
      previous = name;
    }
  }
}
