import { crc32 } from '../checksum/crc32.ts';
import { ImageError } from '../error.ts';
import { type Guid, guidBytes } from '../guid.ts';
import {
  ENTRIES_SECTORS,
  ENTRY,
  ENTRY_COUNT,
  ENTRY_SIZE,
  HEADER,
  HEADER_REVISION,
  HEADER_SIGNATURE,
  HEADER_SIZE,
  MBR,
  MBR_RECORD_SIZE_OFFSET,
  MBR_SIGNATURE,
  MINIMUM_FIRST_USABLE_LBA,
  NAME_LENGTH,
  PROTECTIVE_RECORD,
  SECTOR_SIZE,
  TABLE_SECTORS,
} from './layout.ts';

/** A partition as its table entry describes it. */
export interface GptPartition {
  readonly typeGuid: Guid;
  readonly guid: Guid;
  readonly firstLba: number;
  /** The last sector that belongs to it. */
  readonly lastLba: number;
  /** 64 bits. */
  readonly attributes: bigint;
  /** Up to 36 UTF-16 code units. */
  readonly label: string;
}

/** A whole partition table. */
export interface GptTable {
  readonly diskGuid: Guid;
  /** Sectors of the disk or file. */
  readonly sectors: number;
  readonly firstUsableLba: number;
  readonly lastUsableLba: number;
  /** In the order of their numbers, from 1. */
  readonly partitions: readonly GptPartition[];
}

/** The bytes of a partition table. */
export interface GptImage {
  /** Protective MBR, header and entries, from the start of the disk. */
  readonly start: Uint8Array;
  /** The backup's entries and header, which end the disk. */
  readonly end: Uint8Array;
}

/**
 * Writes a partition table: protective MBR and both copies.
 *
 * @throws ImageError ('out-of-range', or 'unrepresentable' for a label) naming the partition that does not fit.
 */
export function writeGpt(table: GptTable): GptImage {
  check(table);
  const entries = new Uint8Array(ENTRY_COUNT * ENTRY_SIZE);
  table.partitions.forEach((partition, index) => {
    writeEntry(partition, entries.subarray(index * ENTRY_SIZE, (index + 1) * ENTRY_SIZE));
  });
  const entriesCrc = crc32(entries);
  const last = table.sectors - 1;

  const start = new Uint8Array(MINIMUM_FIRST_USABLE_LBA * SECTOR_SIZE);
  writeProtectiveMbr(table.sectors, start);
  start.set(writeHeader(table, { myLba: 1, alternateLba: last, entriesLba: 2, entriesCrc }), SECTOR_SIZE);
  start.set(entries, 2 * SECTOR_SIZE);

  const end = new Uint8Array(TABLE_SECTORS * SECTOR_SIZE);
  end.set(entries, 0);
  const entriesLba = last - ENTRIES_SECTORS;
  end.set(writeHeader(table, { myLba: last, alternateLba: 1, entriesLba, entriesCrc }), entries.length);
  return { start, end };
}

function check({ sectors, firstUsableLba, lastUsableLba, partitions }: GptTable): void {
  if (
    !Number.isSafeInteger(sectors * SECTOR_SIZE) ||
    firstUsableLba < MINIMUM_FIRST_USABLE_LBA ||
    lastUsableLba < firstUsableLba ||
    lastUsableLba >= sectors - TABLE_SECTORS
  ) {
    throw new ImageError(
      'out-of-range',
      `partition table: sectors ${firstUsableLba} to ${lastUsableLba} cannot be used on a disk of ${sectors}`,
    );
  }
  if (partitions.length > ENTRY_COUNT) {
    throw new ImageError(
      'out-of-range',
      `partition table: ${partitions.length} partitions, it holds ${ENTRY_COUNT}`,
    );
  }
  for (const { label, firstLba, lastLba } of partitions) {
    if (firstLba < firstUsableLba || lastLba < firstLba || lastLba > lastUsableLba) {
      throw new ImageError(
        'out-of-range',
        `partition ${label}: sectors ${firstLba} to ${lastLba} are outside ${firstUsableLba} to ${lastUsableLba}`,
      );
    }
    if (label.length > NAME_LENGTH) {
      throw new ImageError(
        'unrepresentable',
        `partition ${label}: the label has ${label.length} UTF-16 code units, the table holds ${NAME_LENGTH}`,
      );
    }
  }
}

function writeProtectiveMbr(sectors: number, out: Uint8Array): void {
  out.set(PROTECTIVE_RECORD, MBR.record);
  new DataView(out.buffer).setUint32(
    MBR.record + MBR_RECORD_SIZE_OFFSET,
    Math.min(sectors - 1, 0xffffffff),
    true,
  );
  out.set(MBR_SIGNATURE, MBR.signature);
}

function writeHeader(
  table: GptTable,
  place: { myLba: number; alternateLba: number; entriesLba: number; entriesCrc: number },
): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < HEADER_SIGNATURE.length; index++) {
    bytes[HEADER.signature + index] = HEADER_SIGNATURE.charCodeAt(index);
  }
  view.setUint32(HEADER.revision, HEADER_REVISION, true);
  view.setUint32(HEADER.headerSize, HEADER_SIZE, true);
  view.setBigUint64(HEADER.myLba, BigInt(place.myLba), true);
  view.setBigUint64(HEADER.alternateLba, BigInt(place.alternateLba), true);
  view.setBigUint64(HEADER.firstUsableLba, BigInt(table.firstUsableLba), true);
  view.setBigUint64(HEADER.lastUsableLba, BigInt(table.lastUsableLba), true);
  bytes.set(guidBytes(table.diskGuid), HEADER.diskGuid);
  view.setBigUint64(HEADER.entriesLba, BigInt(place.entriesLba), true);
  view.setUint32(HEADER.entryCount, ENTRY_COUNT, true);
  view.setUint32(HEADER.entrySize, ENTRY_SIZE, true);
  view.setUint32(HEADER.entriesCrc, place.entriesCrc, true);
  // Over the header with this field zero.
  view.setUint32(HEADER.headerCrc, crc32(bytes), true);
  return bytes;
}

function writeEntry(partition: GptPartition, out: Uint8Array): void {
  const view = new DataView(out.buffer, out.byteOffset, ENTRY_SIZE);
  out.set(guidBytes(partition.typeGuid), ENTRY.typeGuid);
  out.set(guidBytes(partition.guid), ENTRY.guid);
  view.setBigUint64(ENTRY.firstLba, BigInt(partition.firstLba), true);
  view.setBigUint64(ENTRY.lastLba, BigInt(partition.lastLba), true);
  view.setBigUint64(ENTRY.attributes, partition.attributes, true);
  for (let index = 0; index < partition.label.length; index++) {
    view.setUint16(ENTRY.name + 2 * index, partition.label.charCodeAt(index), true);
  }
}
