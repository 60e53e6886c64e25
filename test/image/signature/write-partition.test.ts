import { expect, test } from 'vitest';
import { writeSignaturePartition } from '../../../src/image/signature/write-partition.ts';

const FIELDS = { rootHash: 'ab'.repeat(32), certificateFingerprint: 'cd'.repeat(32) };

test('writes compact JSON in the order of systemd-repart, then NULs', () => {
  const signature = Uint8Array.of(0x30, 0x01, 0xff, 0xfe);
  const partition = Buffer.from(writeSignaturePartition({ ...FIELDS, signature }));
  expect(partition.length).toBe(16384);
  const end = partition.indexOf(0);
  expect(partition.toString('latin1', 0, end)).toBe(
    `{"rootHash":"${'ab'.repeat(32)}","certificateFingerprint":"${'cd'.repeat(32)}","signature":"MAH//g=="}`,
  );
  expect(partition.subarray(end).every((byte) => byte === 0)).toBe(true);
});

test('fills the partition up to one NUL, and refuses more', () => {
  const empty = writeSignaturePartition({ ...FIELDS, signature: new Uint8Array(0) }).indexOf(0);
  // Three bytes are four digits of base 64.
  const room = 3 * Math.floor((16383 - empty) / 4);
  const last = writeSignaturePartition({ ...FIELDS, signature: new Uint8Array(room) }).indexOf(0);
  expect(last).toBeGreaterThan(16379);
  expect(() => writeSignaturePartition({ ...FIELDS, signature: new Uint8Array(room + 1) })).toThrow(
    expect.objectContaining({ name: 'ImageError', code: 'unrepresentable' }),
  );
});
