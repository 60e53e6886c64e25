import { SUPERBLOCK, SUPERBLOCK_SIGNATURE, SUPERBLOCK_VERSION } from '../verity/layout.ts';
import type { Probe } from './probe.ts';

/** The first sectors may hold the label of an LVM volume (lib/format_text/layout.h of LVM2). */
const LVM_LABEL_SECTORS = 4;
const SECTOR_SIZE = 512;

/** A physical volume of LVM2. */
export const probeLvm2: Probe = (head) => {
  for (let sector = 0; sector < LVM_LABEL_SECTORS; sector++) {
    const at = sector * SECTOR_SIZE;
    if (!head.has('LABELONE', at) || !head.has('LVM2 001', at + 24)) continue;
    if (head.view.getBigUint64(at + 8, true) !== BigInt(sector)) continue;
    const id = head.string(at + 32, 32);
    return {
      type: 'LVM2_member',
      uuid: id.replace(/^(.{6})(....)(....)(....)(....)(....)/s, '$1-$2-$3-$4-$5-$6-'),
    };
  }
  return undefined;
};

/** A hash tree of dm-verity. */
export const probeVerity: Probe = (head) => {
  if (!head.has(SUPERBLOCK_SIGNATURE, 0)) return undefined;
  if (head.view.getUint32(SUPERBLOCK.version, true) !== SUPERBLOCK_VERSION) return undefined;
  return { type: 'DM_verity_hash', uuid: head.uuid(SUPERBLOCK.uuid) };
};

/**
 * An encrypted volume: LUKS1 On-Disk Format Specification 1.2.3, section 2.1; LUKS2 On-Disk Format Specification
 * 1.1.1, section 2.1. The second header of LUKS2, whose first is damaged, is not looked for.
 */
export const probeLuks: Probe = (head) => {
  if (!head.has('LUKS\xba\xbe', 0)) return undefined;
  const isLuks2 = head.view.getUint16(6) === 2;
  if (isLuks2 && head.view.getBigUint64(256) !== 0n) return undefined;
  return {
    type: 'crypto_LUKS',
    uuid: head.label(168, 40),
    label: isLuks2 ? head.label(24, 48) : undefined,
  };
};

/** The signature ends the first page, whose size depends on the machine (include/linux/swap.h of the kernel). */
const SWAP_PAGE_SIZES = [4096, 8192, 16384, 32768, 65536];
const SWAP_MIN_SIZE = 10 * 4096;

/** Swap space: with a header since version 1, which has the signature with the 2. */
export const probeSwap: Probe = (head) => {
  if (head.size < SWAP_MIN_SIZE) return undefined;
  const endsPage = (signature: string): boolean =>
    SWAP_PAGE_SIZES.some((size) => head.has(signature, size - signature.length));
  if (endsPage('SWAP-SPACE')) return { type: 'swap' };
  if (!endsPage('SWAPSPACE2')) return undefined;
  const isVersion1 = head.view.getUint32(1024, true) === 1 || head.view.getUint32(1024) === 1;
  if (!isVersion1 || head.view.getUint32(1028) === 0) return undefined;
  return { type: 'swap', uuid: head.uuid(1036), label: head.label(1052, 16) };
};
