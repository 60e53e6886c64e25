import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ATTRIBUTE } from '../../../src/image/gpt/layout.ts';
import { type GptTable, writeGpt } from '../../../src/image/gpt/write.ts';

const TABLE: GptTable = {
  diskGuid: '19f9319b-64fe-405b-96b8-4e5d74363099',
  sectors: 2136,
  firstUsableLba: 34,
  lastUsableLba: 2102,
  partitions: [
    {
      typeGuid: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
      guid: '00112233-4455-6677-8899-aabbccddeeff',
      firstLba: 40,
      lastLba: 1047,
      attributes: ATTRIBUTE.readOnly,
      label: 'root-x86-64',
    },
  ],
};

/** The header at `offset` with its checksum verified. */
function header(bytes: Uint8Array, offset: number) {
  const view = Buffer.from(bytes.subarray(offset, offset + 92));
  const stored = view.readUInt32LE(16);
  view.fill(0, 16, 20);
  expect(crc32(view)).toBe(stored);
  expect(view.toString('latin1', 0, 8)).toBe('EFI PART');
  return {
    lbas: [24, 32, 40, 48, 72].map((place) => Number(view.readBigUInt64LE(place))),
    numbers: [8, 12, 80, 84].map((place) => view.readUInt32LE(place)),
    diskGuid: view.toString('hex', 56, 72),
    entriesCrc: view.readUInt32LE(88),
  };
}

test('writes two copies that name each other', () => {
  const { start, end } = writeGpt(TABLE);
  expect([start.length, end.length]).toEqual([34 * 512, 33 * 512]);
  const primary = header(start, 512);
  const backup = header(end, 32 * 512);
  expect(primary.lbas).toEqual([1, 2135, 34, 2102, 2]);
  expect(backup.lbas).toEqual([2135, 1, 34, 2102, 2103]);
  for (const { numbers, diskGuid, entriesCrc } of [primary, backup]) {
    expect(numbers).toEqual([0x10000, 92, 128, 128]);
    expect(diskGuid).toBe('9b31f919fe645b4096b84e5d74363099');
    expect(entriesCrc).toBe(crc32(start.subarray(1024)));
  }
  expect(Buffer.compare(start.subarray(1024), end.subarray(0, 16384))).toBe(0);
});

test('writes an entry', () => {
  const entry = Buffer.from(writeGpt(TABLE).start.subarray(1024, 1024 + 128));
  expect(entry.toString('hex', 0, 16)).toBe('e3bc684fcde8b14d96e7fbcaf984b709');
  expect(entry.toString('hex', 16, 32)).toBe('33221100554477668899aabbccddeeff');
  expect(entry.readBigUInt64LE(32)).toBe(40n);
  expect(entry.readBigUInt64LE(40)).toBe(1047n);
  expect(entry.readBigUInt64LE(48)).toBe(0x1000000000000000n);
  expect(entry.toString('utf16le', 56).replace(/\0+$/, '')).toBe('root-x86-64');
});

test.each([
  [2136, 2135],
  [2 ** 32, 0xffffffff],
  [2 ** 40, 0xffffffff],
])('protects a disk of %d sectors by a record of %d', (sectors, size) => {
  const { start } = writeGpt({ ...TABLE, sectors, lastUsableLba: sectors - 34 });
  const record = Buffer.from(start.subarray(446, 462));
  expect(record.toString('hex', 0, 12)).toBe('00000200eeffffff01000000');
  expect(record.readUInt32LE(12)).toBe(size);
  expect(start.subarray(462, 510).every((byte) => byte === 0)).toBe(true);
  expect(start.subarray(0, 446).every((byte) => byte === 0)).toBe(true);
  expect([...start.subarray(510, 512)]).toEqual([0x55, 0xaa]);
  expect(header(start, 512).lbas[1]).toBe(sectors - 1);
});

describe('refuses', () => {
  const [partition] = TABLE.partitions;
  test.each([
    ['a partition before the usable sectors', { partitions: [{ ...partition!, firstLba: 33 }] }],
    ['a partition behind the usable sectors', { partitions: [{ ...partition!, lastLba: 2103 }] }],
    ['a partition that ends before it begins', { partitions: [{ ...partition!, lastLba: 39 }] }],
    ['usable sectors in the primary copy', { firstUsableLba: 33 }],
    ['usable sectors in the backup', { lastUsableLba: 2103 }],
    ['no usable sectors', { lastUsableLba: 33 }],
    ['too many partitions', { partitions: Array(129).fill(partition) }],
    ['a disk whose size is no number', { sectors: Number.NaN }],
  ])('%s', (_, change) => {
    expect(() => writeGpt({ ...TABLE, ...change })).toThrow(
      expect.objectContaining({ name: 'ImageError', code: 'out-of-range' }),
    );
  });

  test('a label that is too long', () => {
    const partitions = [{ ...partition!, label: 'x'.repeat(37) }];
    expect(() => writeGpt({ ...TABLE, partitions })).toThrow('the label has 37 UTF-16 code units');
  });
});
