/**
 * Flags of a partition policy, as bits (systemd.image-policy(7); systemd 257 src/shared/image-policy.h:
 * `PartitionPolicyFlags`).
 */
export const FLAG = {
  /** May be used with dm-verity. */
  verity: 1 << 0,
  /** May be used with dm-verity whose root hash is signed. */
  signed: 1 << 1,
  /** May be used if encrypted (LUKS). */
  encrypted: 1 << 2,
  /** May be used without any protection. */
  unprotected: 1 << 3,
  /** May exist without being used. */
  unused: 1 << 4,
  /** May be missing. */
  absent: 1 << 5,
  'read-only-off': 1 << 6,
  'read-only-on': 1 << 7,
  'growfs-off': 1 << 8,
  'growfs-on': 1 << 9,
} as const;

/** The word for one flag. */
export type PolicyFlag = keyof typeof FLAG;

/** Any combination of {@link FLAG}. */
export type PolicyFlags = number;

/** Every way to be used, and not to be. */
export const OPEN: PolicyFlags =
  FLAG.verity | FLAG.signed | FLAG.encrypted | FLAG.unprotected | FLAG.unused | FLAG.absent;
/** Never used. */
export const IGNORE: PolicyFlags = FLAG.unused | FLAG.absent;
/** The flags that say how a partition may be used. */
export const USE_MASK: PolicyFlags = OPEN;
/** Both states of the partition table's read-only bit. */
export const READ_ONLY_MASK: PolicyFlags = FLAG['read-only-off'] | FLAG['read-only-on'];
/** Both states of the partition table's grow-file-system bit. */
export const GROWFS_MASK: PolicyFlags = FLAG['growfs-off'] | FLAG['growfs-on'];

/** Words that stand for several flags. */
export const SHORTCUTS = { open: OPEN, ignore: IGNORE } as const;

/** Flags with all of a group where none of it was named. */
export function extendFlags(flags: PolicyFlags): PolicyFlags {
  let extended = flags;
  for (const group of [USE_MASK, READ_ONLY_MASK, GROWFS_MASK]) {
    if ((extended & group) === 0) extended |= group;
  }
  return extended;
}
