import type { Probe } from './probe.ts';

/** Superblock of ext2, ext3 and ext4 (Documentation/filesystems/ext4/super.rst of the kernel); little-endian. */
const SUPERBLOCK_AT = 1024;
const FIELD = { magic: 56, compat: 92, incompat: 96, readOnlyCompat: 100, uuid: 104, label: 120 };
const MAGIC = '\x53\xef';
const LABEL_SIZE = 16;

const COMPAT_HAS_JOURNAL = 0x4;
const INCOMPAT = { fileType: 0x2, recover: 0x4, journalDevice: 0x8, metaBlockGroups: 0x10 };
/** Sparse superblocks, large files, directories as B-trees. */
const READ_ONLY_COMPAT_BEFORE_EXT4 = 0x1 | 0x2 | 0x4;

/** ext4 has a feature that ext3 does not know; else ext3 has a journal and ext2 none (ext.c of libblkid). */
export const probeExt: Probe = (head) => {
  if (!head.has(MAGIC, SUPERBLOCK_AT + FIELD.magic)) return undefined;
  const features = (field: number): number => head.view.getUint32(SUPERBLOCK_AT + field, true);
  const incompat = features(FIELD.incompat);
  if ((incompat & INCOMPAT.journalDevice) !== 0) return undefined;
  const hasJournal = (features(FIELD.compat) & COMPAT_HAS_JOURNAL) !== 0;
  const known = INCOMPAT.fileType | INCOMPAT.metaBlockGroups | INCOMPAT.recover;
  const isExt4 =
    (incompat & ~known) !== 0 || (features(FIELD.readOnlyCompat) & ~READ_ONLY_COMPAT_BEFORE_EXT4) !== 0;
  // ext2 does not know a journal, and so none that would have to be played back.
  if (!isExt4 && !hasJournal && (incompat & INCOMPAT.recover) !== 0) return undefined;
  return {
    type: isExt4 ? 'ext4' : hasJournal ? 'ext3' : 'ext2',
    uuid: head.uuid(SUPERBLOCK_AT + FIELD.uuid),
    label: head.label(SUPERBLOCK_AT + FIELD.label, LABEL_SIZE),
  };
};
