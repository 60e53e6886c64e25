import { byteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../byte-source.ts';
import { HEADER, HEADER_REVISION, HEADER_SIGNATURE, HEADER_SIZE, SECTOR_SIZES } from './layout.ts';

/** Bytes that the primary header lies in, whatever the size of sectors. */
const HEAD_SIZE = 2 * 4096;

/**
 * The size of sectors that a partition table was made for, in bytes: that at which a primary header is found, as
 * systemd looks for it (systemd 257 dissect-image.c: `probe_sector_size`); 512 if none is.
 *
 * @returns `others`: further sizes at which there is a header, for which systemd refuses an image.
 */
export async function readSectorSize(source: ByteSource): Promise<{ sectorSize: number; others: number[] }> {
  const head = await source.read(0, Math.min(HEAD_SIZE, source.size));
  const [sectorSize = SECTOR_SIZES[0], ...others] = SECTOR_SIZES.filter((size) => isHeader(head, size));
  return { sectorSize, others };
}

function isHeader(head: Uint8Array, offset: number): boolean {
  const header = head.subarray(offset, offset + HEADER_SIZE);
  if (header.length < HEADER_SIZE) return false;
  const view = new DataView(header.buffer, header.byteOffset, HEADER_SIZE);
  const size = view.getUint32(HEADER.headerSize, true);
  return (
    byteString(header.subarray(0, HEADER_SIGNATURE.length)) === HEADER_SIGNATURE &&
    view.getUint32(HEADER.revision, true) === HEADER_REVISION &&
    size >= HEADER_SIZE &&
    size <= SECTOR_SIZES.at(-1)! &&
    view.getBigUint64(HEADER.myLba, true) === 1n
  );
}
