import type { ByteString } from '../../base/byte-string.ts';
import { BLOCK_SIZE } from '../block-sink.ts';
import { DIRENT_FIELD, DIRENT_SIZE } from './layout.ts';

/** How a directory's entries are spread over blocks. */
export interface DirectoryLayout {
  /** Bytes of the whole directory: full blocks and as much of the last as is used. */
  readonly size: number;
  /** For each block the index of its first entry; at the end the number of entries. */
  readonly bounds: Uint32Array;
}

/** Fills blocks with entries greedily. Names are sorted, `.` and `..` among them. */
export function layOutDirectory(names: readonly ByteString[]): DirectoryLayout {
  const bounds = [0];
  let used = 0;
  for (let index = 0; index < names.length; index++) {
    const needed = DIRENT_SIZE + names[index]!.length;
    if (used + needed > BLOCK_SIZE) {
      bounds.push(index);
      used = 0;
    }
    used += needed;
  }
  const size = (bounds.length - 1) * BLOCK_SIZE + used;
  bounds.push(names.length);
  return { size, bounds: Uint32Array.from(bounds) };
}

/** An entry as it is stored: a number and a type. */
export interface DirectoryEntryTarget {
  readonly nid: number;
  /** One of {@link DIRENT_TYPE}. */
  readonly type: number;
}

/**
 * Writes entries `from` to `to` (exclusive), which make one block: entries first, then their names.
 *
 * @param target Zeros, at least as long as what is written.
 */
export function writeDirectoryBlock(
  target: Uint8Array,
  names: readonly ByteString[],
  from: number,
  to: number,
  targetOf: (index: number) => DirectoryEntryTarget,
): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  let nameAt = DIRENT_SIZE * (to - from);
  for (let index = from; index < to; index++) {
    const at = DIRENT_SIZE * (index - from);
    const { nid, type } = targetOf(index);
    view.setBigUint64(at + DIRENT_FIELD.nid, BigInt(nid), true);
    view.setUint16(at + DIRENT_FIELD.nameOffset, nameAt, true);
    view.setUint8(at + DIRENT_FIELD.type, type);
    const name = names[index]!;
    for (let unit = 0; unit < name.length; unit++) target[nameAt + unit] = name.charCodeAt(unit);
    nameAt += name.length;
  }
}
