import {
  MBR,
  MBR_RECORD_COUNT,
  MBR_RECORD_FIRST_LBA_OFFSET,
  MBR_RECORD_SIZE,
  MBR_RECORD_SIZE_OFFSET,
  MBR_RECORD_TYPE_OFFSET,
  MBR_SIGNATURE,
  MBR_SIZE_UNKNOWN,
  PROTECTIVE_TYPE,
} from './layout.ts';

/**
 * Whether readers will look for a GUID partition table: the first sector has the signature of an MBR and in any record
 * the type 0xEE (libblkid 2.41 partitions/gpt.c: `is_pmbr_valid`).
 *
 * @param sector At least 512 bytes.
 */
export function isProtectiveMbr(sector: Uint8Array): boolean {
  return (
    MBR_SIGNATURE.every((byte, index) => sector[MBR.signature + index] === byte) &&
    records(sector).some((record) => record[MBR_RECORD_TYPE_OFFSET] === PROTECTIVE_TYPE)
  );
}

/**
 * What keeps a protective MBR from covering a disk of `sectors` sectors with one record and nothing besides, as
 * UEFI 2.10 section 5.2.3 has it; undefined if nothing does. Boot code, disk signature, status and CHS addresses, which
 * no reader of a GPT looks at, are not checked.
 *
 * @param sector At least 512 bytes.
 */
export function protectiveMbrProblem(sector: Uint8Array, sectors: number): string | undefined {
  if (!isProtectiveMbr(sector)) return 'it has no signature, or no record of type 0xEE';
  const used = records(sector).filter((record) => record.some((byte) => byte !== 0));
  const [record] = used;
  if (record === undefined || used.length > 1) return 'it has partitions of its own';
  const view = new DataView(record.buffer, record.byteOffset, MBR_RECORD_SIZE);
  const first = view.getUint32(MBR_RECORD_FIRST_LBA_OFFSET, true);
  const size = view.getUint32(MBR_RECORD_SIZE_OFFSET, true);
  if (first !== 1 || (size !== sectors - 1 && size !== MBR_SIZE_UNKNOWN)) {
    return `it protects ${size} sectors from ${first}, not the ${sectors - 1} from 1`;
  }
  return undefined;
}

function records(sector: Uint8Array): Uint8Array[] {
  return Array.from({ length: MBR_RECORD_COUNT }, (_, index) => {
    const start = MBR.record + index * MBR_RECORD_SIZE;
    return sector.subarray(start, start + MBR_RECORD_SIZE);
  });
}
