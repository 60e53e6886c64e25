import type { ByteString } from '../../base/byte-string.ts';
import { ImageError } from '../error.ts';
import {
  MAX_DEVICE_MAJOR,
  MAX_DEVICE_MINOR,
  MAX_NAME_LENGTH,
  MAX_SYMLINK_LENGTH,
  MODE_PERMISSION_MASK,
} from './layout.ts';
import type { ErofsNode, Timestamp } from './tree.ts';

const MAX_U32 = 0xffff_ffff;
const MAX_NANOSECONDS = 999_999_999;

/**
 * Checks the name of a directory entry.
 *
 * @param path The entry's path, for messages.
 * @throws ImageError ('unrepresentable') for a name that a directory cannot hold.
 */
export function checkName(name: ByteString, path: () => string): void {
  const refuse = (cause: string): ImageError =>
    new ImageError('unrepresentable', `${path()}: the name ${cause}`);
  if (name.length === 0) throw refuse('is empty');
  if (name.length > MAX_NAME_LENGTH)
    throw refuse(`has ${name.length} bytes, at most ${MAX_NAME_LENGTH} are possible`);
  if (name === '.' || name === '..') throw refuse(`cannot be '${name}'`);
  if (/[\0/\u0100-\uffff]/.test(name)) throw refuse('holds a slash, a NUL or what is not a byte');
}

/**
 * Checks everything about an inode but its extended attributes and children.
 *
 * @param path The inode's path, for messages.
 * @throws ImageError ('out-of-range' for numbers, 'unrepresentable' for a link's target).
 */
export function checkNode(node: ErofsNode, path: () => string): void {
  checkNumber(node.mode, MODE_PERMISSION_MASK, 'mode', path);
  checkNumber(node.uid, MAX_U32, 'owner', path);
  checkNumber(node.gid, MAX_U32, 'group', path);
  checkTimestamp(node.mtime, path);
  switch (node.type) {
    case 'character-device':
    case 'block-device':
      checkNumber(node.major, MAX_DEVICE_MAJOR, 'major device number', path);
      checkNumber(node.minor, MAX_DEVICE_MINOR, 'minor device number', path);
      break;
    case 'symlink':
      checkTarget(node.target, path);
      break;
  }
}

/** Checks a point in time. @throws ImageError ('out-of-range') */
export function checkTimestamp({ seconds, nanoseconds }: Timestamp, path: () => string): void {
  checkNumber(seconds, Number.MAX_SAFE_INTEGER, 'time in seconds', path);
  checkNumber(nanoseconds, MAX_NANOSECONDS, 'nanoseconds of the time', path);
}

function checkNumber(value: number, maximum: number, what: string, path: () => string): void {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return;
  throw new ImageError(
    'out-of-range',
    `${path()}: the ${what} ${value} is not an integer from 0 to ${maximum}`,
  );
}

function checkTarget(target: ByteString, path: () => string): void {
  const refuse = (cause: string): ImageError =>
    new ImageError('unrepresentable', `${path()}: the target of the symbolic link ${cause}`);
  if (target.length === 0) throw refuse('is empty');
  if (target.length > MAX_SYMLINK_LENGTH) {
    throw refuse(`has ${target.length} bytes, at most ${MAX_SYMLINK_LENGTH} are possible`);
  }
  if (/[\0\u0100-\uffff]/.test(target)) throw refuse('holds a NUL or what is not a byte');
}
