import { crc32 } from 'node:zlib';
import {
  ENTRY_COUNT_LIMIT,
  ENTRY_SIZE,
  HEADER,
  HEADER_SIGNATURE,
  HEADER_SIZE,
  SECTOR_SIZE,
} from '../../src/image/gpt/layout.ts';

/** Sets the check sums of both copies of a partition table, wherever a header is found, in sectors of 512 bytes. */
export function repairPartitionTable(input: Uint8Array): void {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const last = Math.floor(bytes.length / SECTOR_SIZE) - 1;
  for (const lba of [1, last]) {
    const at = lba * SECTOR_SIZE;
    if (at < 0 || at + SECTOR_SIZE > bytes.length) continue;
    const header = bytes.subarray(at, at + SECTOR_SIZE);
    if (header.toString('latin1', 0, HEADER_SIGNATURE.length) !== HEADER_SIGNATURE) continue;
    const entries = Number(header.readBigUint64LE(HEADER.entriesLba)) * SECTOR_SIZE;
    const size = Math.min(header.readUInt32LE(HEADER.entryCount), ENTRY_COUNT_LIMIT) * ENTRY_SIZE;
    if (entries + size <= bytes.length) {
      header.writeUInt32LE(crc32(bytes.subarray(entries, entries + size)), HEADER.entriesCrc);
    }
    const headerSize = Math.min(header.readUInt32LE(HEADER.headerSize), SECTOR_SIZE);
    header.writeUInt32LE(0, HEADER.headerCrc);
    header.writeUInt32LE(crc32(header.subarray(0, Math.max(headerSize, HEADER_SIZE))), HEADER.headerCrc);
  }
}
