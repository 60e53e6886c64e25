import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ByteSource } from '../../../src/image/byte-source.ts';
import { ImageError } from '../../../src/image/error.ts';
import { readPartitionTable } from '../../../src/image/gpt/read-partition-table.ts';
import { type GptPartition, writeGpt } from '../../../src/image/gpt/write.ts';
import { guidText } from '../../../src/image/guid.ts';
import { memorySource } from '../memory-image.ts';
import { changeEntries, changeHeader, headerPlaces, TABLE, tableFile } from './table-bytes.ts';

const read = (file: Uint8Array) => readPartitionTable(memorySource(file));
const codes = async (file: Uint8Array) => (await read(file)).findings.map(({ code }) => code);
const BACKUP = 127 * 512;

describe('reads back', () => {
  const guid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => guidText(bytes));
  const placed = fc
    .uniqueArray(fc.integer({ min: 34, max: 94 }), { minLength: 2, maxLength: 20 })
    .map((places) => places.sort((one, other) => one - other));
  const partitions = fc
    .tuple(placed, fc.array(guid, { minLength: 20, maxLength: 20 }), fc.string({ maxLength: 36 }))
    .map(([places, guids, label]): GptPartition[] =>
      places.slice(1).map((end, index) => ({
        typeGuid: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
        guid: guids[index]!,
        firstLba: places[index]!,
        lastLba: end - 1,
        attributes: BigInt(index) << 60n,
        label: label.replaceAll('\0', '-'),
      })),
    );

  test('every table that is written', async () => {
    await fc.assert(
      fc.asyncProperty(partitions, guid, async (partitions, diskGuid) => {
        const table = await read(tableFile({ partitions, diskGuid }));
        expect(table).toMatchObject({ diskGuid, sectorSize: 512, copy: 'primary' });
        expect(table.findings.filter(({ code }) => code !== 'partition-guid-duplicate')).toEqual([]);
        expect(table.partitions).toEqual(
          partitions.map(({ firstLba, lastLba, ...rest }, index) => ({
            ...rest,
            number: index + 1,
            offset: 512 * firstLba,
            size: 512 * (lastLba - firstLba + 1),
          })),
        );
      }),
    );
  });

  test('a table for more sectors than 32 bits count', async () => {
    const sectors = 2 ** 43;
    const last = { ...TABLE.partitions[0]!, firstLba: sectors - 2 ** 33, lastLba: sectors - 34 };
    const { start, end } = writeGpt({ ...TABLE, sectors, lastUsableLba: sectors - 34, partitions: [last] });
    const endPlace = 512 * sectors - end.length;
    const source: ByteSource = {
      size: 512 * sectors,
      read: (offset, length) => {
        if (offset + length <= start.length) return start.subarray(offset, offset + length);
        expect(offset).toBeGreaterThanOrEqual(endPlace);
        return end.subarray(offset - endPlace, offset - endPlace + length);
      },
    };
    const { partitions, findings } = await readPartitionTable(source);
    expect(findings).toEqual([]);
    expect(partitions).toMatchObject([{ offset: 512 * (sectors - 2 ** 33), size: 512 * (2 ** 33 - 33) }]);
  });

  test('a table for sectors of 4096 bytes', async () => {
    const file = Buffer.alloc(64 * 4096);
    const { start, end } = writeGpt(TABLE);
    // The same header and entries at other places.
    file.set(start.subarray(0, 512), 0);
    file.writeUInt32LE(63, 446 + 12);
    for (const [header, other, entries] of [
      [1, 63, 2],
      [63, 1, 59],
    ] as const) {
      file.set(end.subarray(0, 16384), entries * 4096);
      file.set(start.subarray(512, 1024), header * 4096);
      changeHeader(file, header * 4096, (bytes) => {
        bytes.writeBigUInt64LE(BigInt(header), 24);
        bytes.writeBigUInt64LE(BigInt(other), 32);
        bytes.writeBigUInt64LE(6n, 40);
        bytes.writeBigUInt64LE(58n, 48);
        bytes.writeBigUInt64LE(BigInt(entries), 72);
      });
    }
    const { sectorSize, partitions, findings } = await read(file);
    expect(findings).toEqual([]);
    expect({ sectorSize, partitions }).toMatchObject({
      sectorSize: 4096,
      partitions: [
        { offset: 40 * 4096, size: 8 * 4096 },
        { offset: 48 * 4096, size: 8 * 4096 },
      ],
    });
  });
});

describe('sees', () => {
  const header = (place: number, change: (bytes: Buffer) => void) => (file: Buffer) =>
    changeHeader(file, place, change);
  const entry = (number: number, change: (bytes: Buffer) => void) => (file: Buffer) =>
    changeEntries(file, (entries) => change(entries.subarray(128 * (number - 1), 128 * number)));
  const put = (place: number, value: number | bigint) => (bytes: Buffer) => {
    if (typeof value === 'bigint') bytes.writeBigUInt64LE(value, place);
    else bytes.writeUInt32LE(value, place);
  };

  test.each<[string, string, (file: Buffer) => void]>([
    ['no MBR signature', 'protective-mbr-damaged', (file) => file.writeUInt8(0, 510)],
    ['no protective record', 'protective-mbr-damaged', (file) => file.writeUInt8(0x83, 450)],
    ['a partition of the MBR', 'protective-mbr-damaged', (file) => file.writeUInt8(0x83, 466)],
    ['a protective record elsewhere', 'protective-mbr-damaged', (file) => file.writeUInt32LE(2, 454)],
    ['a protective record too short', 'protective-mbr-damaged', (file) => file.writeUInt32LE(126, 458)],
    ['a header without signature', 'gpt-primary-damaged', header(512, put(0, 0))],
    ['a header of version 2', 'gpt-primary-damaged', header(512, put(8, 0x20000))],
    ['a header that is too short', 'gpt-primary-damaged', header(512, put(12, 91))],
    ['a header that is too long', 'gpt-primary-damaged', header(512, put(12, 513))],
    ['a wrong check sum of the header', 'gpt-primary-damaged', (file) => put(512 + 16, 1)(file)],
    ['something reserved', 'gpt-primary-damaged', header(512, put(20, 1))],
    ['a header of another sector', 'gpt-primary-damaged', header(512, put(24, 2n))],
    ['usable sectors with the header', 'gpt-primary-damaged', header(512, put(40, 1n))],
    ['usable sectors with the entries', 'gpt-primary-damaged', header(512, put(40, 33n))],
    ['usable sectors behind the file', 'gpt-primary-damaged', header(512, put(48, 128n))],
    ['no usable sectors', 'gpt-primary-damaged', header(512, put(48, 33n))],
    ['entries in the header', 'gpt-primary-damaged', header(512, put(72, 1n))],
    ['entries in the MBR', 'gpt-primary-damaged', header(512, put(72, 0n))],
    ['entries in a partition', 'gpt-primary-damaged', header(512, put(72, 40n))],
    ['entries behind the file', 'gpt-primary-damaged', header(512, put(72, 100n))],
    ['entries nowhere', 'gpt-primary-damaged', header(512, put(72, 2n ** 64n - 1n))],
    ['no entries', 'gpt-primary-damaged', header(512, put(80, 0))],
    ['too many entries', 'gpt-primary-damaged', header(512, put(80, 2 ** 32 - 1))],
    ['entries of 256 bytes', 'gpt-primary-damaged', header(512, put(84, 256))],
    ['a wrong check sum of the entries', 'gpt-primary-damaged', header(512, put(88, 1))],
    ['a changed entry', 'gpt-primary-damaged', (file) => file.writeUInt8(1, 1024)],
    ['a backup without signature', 'gpt-backup-damaged', header(BACKUP, put(0, 0))],
    ['a changed entry of the backup', 'gpt-backup-damaged', (file) => file.writeUInt8(1, BACKUP - 1)],
    ['a backup of another table', 'gpt-backup-damaged', header(BACKUP, put(32, 2n))],
    ['a backup for another disk', 'gpt-copies-differ', header(BACKUP, put(56, 1))],
    ['a backup with other limits', 'gpt-copies-differ', header(BACKUP, put(48, 93n))],
    ['a larger disk', 'gpt-size-mismatch', header(512, put(32, 128n))],
    ['a disk without limits', 'gpt-size-mismatch', header(512, put(32, 2n ** 64n - 1n))],
    ['a smaller disk', 'gpt-size-mismatch', header(512, put(32, 126n))],
    ['a partition before the range', 'partition-out-of-range', entry(1, put(32, 33n))],
    ['a partition behind the range', 'partition-out-of-range', entry(2, put(40, 95n))],
    ['a partition that ends first', 'partition-out-of-range', entry(2, put(40, 47n))],
    ['a partition of 2^64 sectors', 'partition-out-of-range', entry(2, put(40, 2n ** 64n - 1n))],
    ['partitions that share a sector', 'partitions-overlap', entry(2, put(32, 47n))],
    ['a partition in another', 'partitions-overlap', entry(1, put(40, 60n))],
    ['a GUID twice', 'partition-guid-duplicate', entry(2, put(16, 0x00112233))],
  ])('%s', async (_, code, change) => {
    const file = tableFile();
    change(file);
    const { findings } = await read(file);
    expect(findings).toMatchObject([{ code, level: 'error', layer: 'partition-table' }]);
  });

  test('what is no partition of the range as libblkid does: not at all', async () => {
    const file = changeEntries(tableFile(), (entries) => entries.writeBigUInt64LE(33n, 32));
    expect((await read(file)).partitions).toMatchObject([{ number: 2 }]);
  });

  test('a partition that overlaps one far before it', async () => {
    const at = (firstLba: number, lastLba: number, digit: string): GptPartition => ({
      ...TABLE.partitions[0]!,
      guid: TABLE.partitions[0]!.guid.replace(/^./, digit),
      firstLba,
      lastLba,
    });
    const partitions = [at(40, 60, 'a'), at(70, 80, 'b'), at(45, 46, 'c'), at(50, 75, 'd')];
    expect((await read(tableFile({ partitions }))).findings.map(({ message }) => message)).toEqual([
      'partitions 1 and 3 overlap',
      'partitions 1 and 4 overlap',
      'partitions 4 and 2 overlap',
    ]);
  });

  test('headers for two sizes of sectors', async () => {
    const file = tableFile();
    changeEntries(file, (entries) => {
      // The entries from 4096 on are not in use.
      entries.set(file.subarray(512, 604), 4096 - 1024);
    });
    expect(await codes(file)).toContain('gpt-sector-size-ambiguous');
  });

  test('partitions of the backup where the primary copy is damaged', async () => {
    const file = tableFile();
    file.writeUInt8(0, 512);
    const { copy, partitions, diskGuid } = await read(file);
    expect({ copy, diskGuid }).toEqual({ copy: 'backup', diskGuid: TABLE.diskGuid });
    expect(partitions).toHaveLength(2);
  });

  test('that something was cut off or added, to the byte', async () => {
    const file = tableFile();
    for (const size of [file.length - 512, file.length - 1, file.length + 1, file.length + 512]) {
      const other = Buffer.alloc(size);
      file.copy(other);
      const { findings } = await read(other);
      const message = `the image has ${size} bytes, its partition table was made for 65536`;
      expect(findings[0]).toMatchObject({
        code: 'gpt-size-mismatch',
        message: expect.stringContaining(message),
      });
    }
  });
});

describe('refuses', () => {
  test.each([0, 1, 511, 512, 1023, 1024])('%d bytes', async (size) => {
    await expect(read(tableFile().subarray(0, size))).rejects.toThrow(ImageError);
  });

  test('a file without a table, and says what is wrong with both copies', async () => {
    const file = tableFile();
    file.fill(0, 512, 1024);
    file.writeUInt8(1, file.length - 512 + 60);
    await expect(read(file)).rejects.toThrow(
      'partition table: the primary copy: there is no "EFI PART" where its header should begin; the backup: the check sum of its header is wrong',
    );
  });

  test.each([0, 1, 19, 91, 513, 0xffffffff])('a header that says it is %d bytes', async (size) => {
    const file = tableFile();
    for (const header of headerPlaces(file))
      changeHeader(file, header, (bytes) => bytes.writeUInt32LE(size, 12));
    await expect(read(file)).rejects.toThrow(ImageError);
  });
});

test('ends with a table or an ImageError, whatever the bytes', async () => {
  const places = fc.oneof(fc.integer({ min: 440, max: 1500 }), fc.integer({ min: 65536 - 600, max: 65535 }));
  const changes = fc.array(fc.tuple(places, fc.nat(255)), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(changes, fc.boolean(), async (changes, sealed) => {
      const file = tableFile();
      for (const [place, value] of changes) file[place] = value;
      if (sealed) {
        for (const header of [512, file.length - 512]) changeHeader(file, header, () => {});
      }
      try {
        for (const { offset, size } of (await read(file)).partitions) {
          expect(offset + size).toBeLessThanOrEqual(file.length);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ImageError);
      }
    }),
    { numRuns: 300 },
  );
});
