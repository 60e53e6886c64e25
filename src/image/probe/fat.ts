import type { Probe } from './probe.ts';
import { cleanLabel, type SuperblockBytes } from './superblock-bytes.ts';

/** Boot sector of FAT (Microsoft's "FAT: General Overview of On-Disk Format" 1.03); little-endian. */
const FIELD = {
  sectorSize: 11,
  sectorsPerCluster: 13,
  reservedSectors: 14,
  tables: 16,
  rootEntries: 17,
  sectors16: 19,
  media: 21,
  sectorsPerTable16: 22,
  sectors32: 32,
  sectorsPerTable32: 36,
  signature: 510,
};
const SIGNATURE = '\x55\xaa';
/** Serial number, label and name of the format stand elsewhere in FAT32. */
const FAT16 = { serial: 39, label: 43, name: 54 };
const FAT32 = { serial: 67, label: 71, name: 82 };
const FAT16_NAMES = ['MSDOS', 'FAT16   ', 'FAT12   ', 'FAT     '];
const FAT32_NAMES = ['MSWIN', 'FAT32   '];
/** Other file systems put these where the name would be, in a boot sector like FAT's. */
const NOT_FAT_NAMES = ['JFS     ', 'HPFS    '];
const LABEL_SIZE = 11;
const NO_LABEL = 'NO NAME    ';
const ROOT_ENTRY_SIZE = 32;
const MAX_CLUSTERS = { fat16: 0xfff4, fat32: 0x0ffffff6 };

const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

/**
 * FAT12, FAT16 and FAT32, by name or where the whole boot sector makes sense. The label is that of the boot sector,
 * which mkfs.vfat writes; a later one in the root directory is not looked for.
 */
export const probeFat: Probe = (head) => {
  const isNamed =
    FAT16_NAMES.some((name) => head.has(name, FAT16.name)) ||
    FAT32_NAMES.some((name) => head.has(name, FAT32.name));
  const isSigned =
    head.has(SIGNATURE, FIELD.signature) && !NOT_FAT_NAMES.some((name) => head.has(name, FAT16.name));
  if ((!isNamed && !isSigned) || !isPlausible(head)) return undefined;
  const field = head.view.getUint16(FIELD.sectorsPerTable16, true) === 0 ? FAT32 : FAT16;
  const serial = head.view.getUint32(field.serial, true).toString(16).padStart(8, '0').toUpperCase();
  const label = head.string(field.label, LABEL_SIZE);
  return {
    type: 'vfat',
    uuid: serial === '00000000' ? undefined : `${serial.slice(0, 4)}-${serial.slice(4)}`,
    label: label === NO_LABEL ? undefined : cleanLabel(label),
  };
};

/** Whether sizes and counts are possible ones (fat_valid_superblock in vfat.c of libblkid). */
function isPlausible({ view }: SuperblockBytes): boolean {
  const media = view.getUint8(FIELD.media);
  const sectorsPerCluster = view.getUint8(FIELD.sectorsPerCluster);
  const sectorSize = view.getUint16(FIELD.sectorSize, true);
  const reserved = view.getUint16(FIELD.reservedSectors, true);
  const tables = view.getUint8(FIELD.tables);
  if (tables === 0 || reserved === 0 || (media < 0xf8 && media !== 0xf0)) return false;
  if (!isPowerOfTwo(sectorsPerCluster) || !isPowerOfTwo(sectorSize)) return false;
  if (sectorSize < 512 || sectorSize > 4096) return false;
  const sectors = view.getUint16(FIELD.sectors16, true) || view.getUint32(FIELD.sectors32, true);
  const tableSize16 = view.getUint16(FIELD.sectorsPerTable16, true);
  const tableSize = tableSize16 || view.getUint32(FIELD.sectorsPerTable32, true);
  const rootSectors = Math.ceil((view.getUint16(FIELD.rootEntries, true) * ROOT_ENTRY_SIZE) / sectorSize);
  const dataSectors = sectors - reserved - tableSize * tables - rootSectors;
  const clusters = Math.floor(dataSectors / sectorsPerCluster);
  return clusters >= 0 && clusters <= (tableSize16 === 0 ? MAX_CLUSTERS.fat32 : MAX_CLUSTERS.fat16);
}
