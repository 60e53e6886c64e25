import {
  COMPACT_INODE_FIELD,
  COMPACT_INODE_SIZE,
  DATA_LAYOUT_SHIFT,
  EXTENDED_INODE_FIELD,
  EXTENDED_INODE_FLAG,
  EXTENDED_INODE_SIZE,
  MODE_TYPE,
} from './layout.ts';
import type { ErofsNode, Timestamp } from './tree.ts';

const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;

/** What an inode says beyond its node's attributes. */
export interface InodeRecord {
  readonly extended: boolean;
  /** One of {@link DATA_LAYOUT}. */
  readonly layout: number;
  /** Attribute area in the format's unit; see `xattrCount`. */
  readonly xattrCount: number;
  readonly size: number;
  readonly links: number;
  /** `i_u`: start block, device number or chunk format. */
  readonly union: number;
  /** `i_ino`: a number for programs that know 32-bit inode numbers only. */
  readonly number: number;
}

/** Whether an inode needs the 64-byte form: a number is too large for the small one, or the time is its own. */
export function needsExtended(node: ErofsNode, size: number, links: number, buildTime: Timestamp): boolean {
  return (
    size > MAX_U32 ||
    links > MAX_U16 ||
    node.uid > MAX_U16 ||
    node.gid > MAX_U16 ||
    node.mtime.seconds !== buildTime.seconds ||
    node.mtime.nanoseconds !== buildTime.nanoseconds
  );
}

/** Bytes of an inode without what follows it. */
export function inodeSize(extended: boolean): number {
  return extended ? EXTENDED_INODE_SIZE : COMPACT_INODE_SIZE;
}

/** Writes an inode to the start of `target`, which is zeros. */
export function writeInode(target: Uint8Array, node: ErofsNode, record: InodeRecord): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const format = (record.layout << DATA_LAYOUT_SHIFT) | (record.extended ? EXTENDED_INODE_FLAG : 0);
  const mode = MODE_TYPE[node.type] | node.mode;
  if (record.extended) {
    const field = EXTENDED_INODE_FIELD;
    view.setUint16(field.format, format, true);
    view.setUint16(field.xattrCount, record.xattrCount, true);
    view.setUint16(field.mode, mode, true);
    view.setBigUint64(field.size, BigInt(record.size), true);
    view.setUint32(field.union, record.union, true);
    view.setUint32(field.inode, record.number, true);
    view.setUint32(field.uid, node.uid, true);
    view.setUint32(field.gid, node.gid, true);
    view.setBigUint64(field.mtime, BigInt(node.mtime.seconds), true);
    view.setUint32(field.mtimeNanoseconds, node.mtime.nanoseconds, true);
    view.setUint32(field.links, record.links, true);
  } else {
    const field = COMPACT_INODE_FIELD;
    view.setUint16(field.format, format, true);
    view.setUint16(field.xattrCount, record.xattrCount, true);
    view.setUint16(field.mode, mode, true);
    view.setUint16(field.links, record.links, true);
    view.setUint32(field.size, record.size, true);
    view.setUint32(field.union, record.union, true);
    view.setUint32(field.inode, record.number, true);
    view.setUint16(field.uid, node.uid, true);
    view.setUint16(field.gid, node.gid, true);
  }
}

/** A device number as Linux encodes it in 32 bits (`new_encode_dev`). */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
