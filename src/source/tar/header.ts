import type { ByteString } from '../../base/byte-string.ts';
import { FIELD, type Field, RECORD_SIZE, USTAR_MAGIC } from './layout.ts';

/** A header block as it is written, before what extended headers say over it. */
export interface Header {
  readonly typeflag: string;
  readonly path: ByteString;
  readonly linkTarget: ByteString;
  /** Undefined where the field holds no number; `size` and the like may be far too large. */
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly size: number | undefined;
  readonly mtime: number | undefined;
  readonly major: number | undefined;
  readonly minor: number | undefined;
}

/** Whether a block has nothing but zeros, as two at the end of an archive. */
export function isZeroRecord(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Reads a header block of 512 bytes. Returns undefined where its check sum is wrong: then it is no header. Old
 * programs summed signed bytes; both sums are accepted.
 */
export function readHeader(record: Uint8Array): Header | undefined {
  const block = Buffer.from(record.buffer, record.byteOffset, record.length);
  if (!hasChecksum(block)) return undefined;
  const isUstar = rawField(block, FIELD.magic) === USTAR_MAGIC;
  const prefix = isUstar ? textField(block, FIELD.prefix) : '';
  const name = textField(block, FIELD.name);
  return {
    typeflag: rawField(block, FIELD.typeflag),
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkTarget: textField(block, FIELD.linkname),
    mode: numberField(block, FIELD.mode),
    uid: numberField(block, FIELD.uid),
    gid: numberField(block, FIELD.gid),
    size: numberField(block, FIELD.size),
    mtime: numberField(block, FIELD.mtime),
    major: numberField(block, FIELD.devmajor),
    minor: numberField(block, FIELD.devminor),
  };
}

function hasChecksum(block: Uint8Array): boolean {
  const stated = numberField(block, FIELD.checksum);
  const { offset, length } = FIELD.checksum;
  // The check sum itself counts as spaces.
  let unsigned = length * 0x20;
  let negative = 0;
  for (let index = 0; index < RECORD_SIZE; index++) {
    if (index === offset) index += length;
    const byte = block[index]!;
    unsigned += byte;
    negative += byte >>> 7;
  }
  return stated === unsigned || stated === unsigned - 0x100 * negative;
}

function rawField(block: Buffer, { offset, length }: Field): ByteString {
  return block.toString('latin1', offset, offset + length);
}

/** A text field: up to the first NUL, or all of it. */
function textField(block: Buffer, { offset, length }: Field): ByteString {
  let end = offset;
  while (end < offset + length && block[end] !== 0) end += 1;
  return block.toString('latin1', offset, end);
}

/**
 * A number field: octal digits between spaces and NULs, or GNU's base 256 when the highest bit is set. An empty one
 * is 0. Undefined for anything else and beyond 2^53 − 1 on either side.
 */
export function numberField(block: Uint8Array, { offset, length }: Field): number | undefined {
  if ((block[offset]! & 0x80) !== 0) return base256(block.subarray(offset, offset + length));
  let value = 0;
  let at = offset;
  const end = offset + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at += 1;
  for (; at < end && block[at] !== 0x20 && block[at] !== 0; at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Two's complement, big-endian, the highest bit being only a mark. */
function base256(bytes: Uint8Array): number | undefined {
  const isNegative = (bytes[0]! & 0x40) !== 0;
  let value = BigInt(bytes[0]! & 0x3f);
  for (const byte of bytes.subarray(1)) value = (value << 8n) | BigInt(byte);
  if (isNegative) value -= 1n << BigInt(bytes.length * 8 - 2);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}
