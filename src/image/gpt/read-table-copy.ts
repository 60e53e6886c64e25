import { byteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../byte-source.ts';
import { crc32 } from '../checksum/crc32.ts';
import { GUID_SIZE, type Guid, guidText } from '../guid.ts';
import {
  ENTRY_COUNT_LIMIT,
  ENTRY_SIZE,
  HEADER,
  HEADER_REVISION,
  HEADER_SIGNATURE,
  HEADER_SIZE,
} from './layout.ts';

/** One of the two copies of a partition table, its check sums verified. Every sector but the alternate is in the file. */
export interface TableCopy {
  readonly myLba: number;
  /** Where the header of the other copy is said to be. */
  readonly alternateLba: bigint;
  readonly firstUsableLba: number;
  readonly lastUsableLba: number;
  readonly diskGuid: Guid;
  readonly entryCount: number;
  /** {@link ENTRY_SIZE} bytes each. */
  readonly entries: Uint8Array;
}

/** Why a copy cannot be used: a clause for a message. */
export interface UnusableCopy {
  readonly problem: string;
}

/**
 * Reads a copy of a partition table with the checks of libblkid 2.41 (partitions/gpt.c: `get_gpt_header`), and those
 * of UEFI 2.10 section 5.3 that keep header, entries and partitions apart.
 *
 * @param lba Sector of the header, which may be outside of the source.
 */
export async function readTableCopy(
  source: ByteSource,
  sectorSize: number,
  lba: number,
): Promise<TableCopy | UnusableCopy> {
  const sectors = Math.floor(source.size / sectorSize);
  if (lba < 1 || lba >= sectors) return { problem: 'the file is too short for its header' };
  const header = await source.read(lba * sectorSize, sectorSize);
  const fields = readHeader(header, lba, sectors);
  if ('problem' in fields) return fields;
  const { entriesLba, entryCount, entriesCrc, ...copy } = fields;

  const size = entryCount * ENTRY_SIZE;
  const entriesEnd = entriesLba + BigInt(Math.ceil(size / sectorSize));
  const separate = (first: bigint, end: bigint): boolean => entriesEnd <= first || end <= entriesLba;
  if (entriesEnd > sectors) return { problem: 'its entries are outside of the file' };
  if (
    entriesLba < 1n ||
    !separate(BigInt(lba), BigInt(lba + 1)) ||
    !separate(BigInt(copy.firstUsableLba), BigInt(copy.lastUsableLba + 1))
  ) {
    return { problem: 'its entries lie where something else is' };
  }
  const entries = await source.read(Number(entriesLba) * sectorSize, size);
  if (crc32(entries) !== entriesCrc) return { problem: 'the check sum of its entries is wrong' };
  return { ...copy, entryCount, entries };
}

/** What a header says of its copy, and where its entries are. */
interface Header extends Omit<TableCopy, 'entries'> {
  readonly entriesLba: bigint;
  readonly entriesCrc: number;
}

function readHeader(header: Uint8Array, lba: number, sectors: number): Header | UnusableCopy {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (byteString(header.subarray(0, HEADER_SIGNATURE.length)) !== HEADER_SIGNATURE) {
    return { problem: `there is no "${HEADER_SIGNATURE}" where its header should begin` };
  }
  const headerSize = view.getUint32(HEADER.headerSize, true);
  if (headerSize < HEADER_SIZE || headerSize > header.length) {
    return { problem: `its header has ${headerSize} bytes` };
  }
  const covered = new Uint8Array(header.subarray(0, headerSize));
  covered.fill(0, HEADER.headerCrc, HEADER.headerCrc + 4);
  if (crc32(covered) !== view.getUint32(HEADER.headerCrc, true)) {
    return { problem: 'the check sum of its header is wrong' };
  }
  const revision = view.getUint32(HEADER.revision, true);
  if (revision !== HEADER_REVISION || view.getUint32(HEADER.reserved, true) !== 0) {
    return { problem: `its header is of the unknown revision 0x${revision.toString(16)}` };
  }
  const myLba = view.getBigUint64(HEADER.myLba, true);
  if (myLba !== BigInt(lba)) return { problem: `its header was made for sector ${myLba}, not ${lba}` };
  const firstUsableLba = view.getBigUint64(HEADER.firstUsableLba, true);
  const lastUsableLba = view.getBigUint64(HEADER.lastUsableLba, true);
  if (
    firstUsableLba < 2n ||
    lastUsableLba < firstUsableLba ||
    lastUsableLba >= sectors ||
    (firstUsableLba <= myLba && myLba <= lastUsableLba)
  ) {
    return { problem: `sectors ${firstUsableLba} to ${lastUsableLba} cannot all be used for partitions` };
  }
  const entrySize = view.getUint32(HEADER.entrySize, true);
  const entryCount = view.getUint32(HEADER.entryCount, true);
  if (entrySize !== ENTRY_SIZE || entryCount < 1 || entryCount > ENTRY_COUNT_LIMIT) {
    return { problem: `it has ${entryCount} entries of ${entrySize} bytes` };
  }
  return {
    myLba: lba,
    alternateLba: view.getBigUint64(HEADER.alternateLba, true),
    firstUsableLba: Number(firstUsableLba),
    lastUsableLba: Number(lastUsableLba),
    diskGuid: guidText(header.subarray(HEADER.diskGuid, HEADER.diskGuid + GUID_SIZE)),
    entriesLba: view.getBigUint64(HEADER.entriesLba, true),
    entryCount,
    entriesCrc: view.getUint32(HEADER.entriesCrc, true),
  };
}
