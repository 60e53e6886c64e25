import { crc32 } from 'node:zlib';
import { type GptTable, writeGpt } from '../../../src/image/gpt/write.ts';

/** A table for a file of 64 KiB and more. */
export const TABLE: GptTable = {
  diskGuid: '19f9319b-64fe-405b-96b8-4e5d74363099',
  sectors: 128,
  firstUsableLba: 34,
  lastUsableLba: 94,
  partitions: [
    {
      typeGuid: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
      guid: '00112233-4455-6677-8899-aabbccddeeff',
      firstLba: 40,
      lastLba: 47,
      attributes: 1n << 60n,
      label: 'root-x86-64',
    },
    {
      typeGuid: '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5',
      guid: '11112233-4455-6677-8899-aabbccddeeff',
      firstLba: 48,
      lastLba: 55,
      attributes: 0n,
      label: 'root-x86-64-verity',
    },
  ],
};

/** A file with nothing in it but a partition table. */
export function tableFile(table: Partial<GptTable> = {}): Buffer {
  const { start, end } = writeGpt({ ...TABLE, ...table });
  const file = Buffer.alloc((table.sectors ?? TABLE.sectors) * 512);
  file.set(start, 0);
  file.set(end, file.length - end.length);
  return file;
}

/** Where both headers of a table for sectors of 512 bytes are. */
export function headerPlaces(file: Buffer): [number, number] {
  return [512, file.length - 512];
}

/** Changes a header, and makes its check sum right again. */
export function changeHeader(file: Buffer, header: number, change: (header: Buffer) => void): Buffer {
  const bytes = file.subarray(header, header + 512);
  change(bytes);
  const covered = Buffer.from(bytes.subarray(0, Math.min(bytes.readUInt32LE(12), 512)));
  // A header that says it is smaller than its own check sum's field has nothing to be set to zero.
  covered.subarray(16, 20).fill(0);
  bytes.writeUInt32LE(crc32(covered), 16);
  return file;
}

/** Changes the entries of both copies, as whoever can calculate check sums does. */
export function changeEntries(file: Buffer, change: (entries: Buffer) => void): Buffer {
  for (const header of headerPlaces(file)) {
    const place = 512 * Number(file.readBigUInt64LE(header + 72));
    const entries = file.subarray(place, place + 128 * file.readUInt32LE(header + 80));
    change(entries);
    changeHeader(file, header, (bytes) => bytes.writeUInt32LE(crc32(entries), 88));
  }
  return file;
}
