import type { Probe } from './probe.ts';

/** include/uapi/linux/erofs_fs.h and fs/erofs/erofs_fs.h of the kernel; blocks of at most a page. */
export const probeErofs: Probe = (head) => {
  const at = 1024;
  if (!head.has('\xe2\xe1\xf5\xe0', at) || head.view.getUint8(at + 12) > 12) return undefined;
  return { type: 'erofs', uuid: head.uuid(at + 48), label: head.label(at + 64, 16) };
};

/** fs/squashfs/squashfs_fs.h of the kernel. Before version 4 the byte order was the machine's. */
export const probeSquashfs: Probe = (head) => {
  const isLittleEndian = head.has('hsqs', 0);
  if (!isLittleEndian && !head.has('sqsh', 0)) return undefined;
  if (head.view.getUint16(28, isLittleEndian) <= 3) return { type: 'squashfs3' };
  return isLittleEndian ? { type: 'squashfs' } : undefined;
};

/** include/uapi/linux/btrfs_tree.h of the kernel; smaller than 1 MiB there is none. */
export const probeBtrfs: Probe = (head) => {
  const at = 64 * 1024;
  if (head.size < 1 << 20 || !head.has('_BHRfS_M', at + 64)) return undefined;
  return { type: 'btrfs', uuid: head.uuid(at + 32), label: head.label(at + 299, 256) };
};

/** fs/xfs/libxfs/xfs_format.h of the kernel; big-endian. */
export const probeXfs: Probe = (head) => {
  const { view } = head;
  if (!head.has('XFSB', 0)) return undefined;
  const isSize = (size: number, log: number, least: number, most: number): boolean =>
    log >= least && log <= most && size === 2 ** log;
  const isPlausible =
    isSize(view.getUint32(4), view.getUint8(120), 9, 16) &&
    isSize(view.getUint16(102), view.getUint8(121), 9, 15) &&
    isSize(view.getUint16(104), view.getUint8(122), 8, 11) &&
    view.getBigUint64(8) > 0n &&
    view.getUint32(88) > 0;
  if (!isPlausible) return undefined;
  return { type: 'xfs', uuid: head.uuid(32), label: head.label(108, 12) };
};

/** include/linux/f2fs_fs.h of the kernel. In version 1.0 the fields were elsewhere. */
export const probeF2fs: Probe = (head) => {
  const at = 1024;
  if (!head.has('\x10\x20\xf5\xf2', at)) return undefined;
  if (head.view.getUint16(at + 4, true) === 1 && head.view.getUint16(at + 6, true) === 0) {
    return { type: 'f2fs' };
  }
  let label = '';
  for (let unit = 0; unit < 512; unit++) {
    const code = head.view.getUint16(at + 124 + 2 * unit, true);
    if (code === 0) break;
    label += String.fromCharCode(code);
  }
  label = label.trim();
  return { type: 'f2fs', uuid: head.uuid(at + 108), label: label === '' ? undefined : label };
};

/** ECMA-119, 8.4. Its UUID is the time of the last change, or else of creation; the label is not Joliet's. */
export const probeIso9660: Probe = (head) => {
  const at = 32 * 1024;
  if (!head.has('CD001', at + 1)) return undefined;
  const time = [830, 813].map((field) => head.string(at + field, 16)).find((digits) => !/^0+$/.test(digits));
  return {
    type: 'iso9660',
    uuid: time?.replace(/^(....)(..)(..)(..)(..)(..)(..)$/s, '$1-$2-$3-$4-$5-$6-$7'),
    label: head.label(at + 40, 32),
  };
};
