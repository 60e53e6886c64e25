import { type ByteString, bytesOf } from '../../base/byte-string.ts';
import { viewOf } from '../file-system-bytes.ts';
import type { StoredXattrName } from './xattr-name.ts';

/** `EROFS_XATTR_FILTER_SEED`. */
const SEED = 0x25bbe08f;
/** Constants of xxHash32 (its specification, "XXH32 algorithm description"). */
const PRIME = { 1: 0x9e3779b1, 2: 0x85ebca77, 3: 0xc2b2ae3d, 4: 0x27d4eb2f, 5: 0x165667b1 } as const;
const STRIPE = 16;

/**
 * The bit of an inode's name filter that stands for a name; where it is set, the kernel takes the attribute for
 * absent without a look (Linux 6.12 `fs/erofs/xattr.c`).
 *
 * @param name With an ordinary prefix.
 */
export function xattrFilterBit({ index, suffix }: StoredXattrName): number {
  return 1 << (xxh32(suffix, SEED + index) & 31);
}

function xxh32(text: ByteString, seed: number): number {
  const bytes = bytesOf(text);
  const view = viewOf(bytes);
  let at = 0;
  let hash = (seed + PRIME[5]) | 0;
  if (bytes.length >= STRIPE) {
    const lanes = [seed + PRIME[1] + PRIME[2], seed + PRIME[2], seed, seed - PRIME[1]];
    for (; at + STRIPE <= bytes.length; at += STRIPE) {
      for (const [lane, state] of lanes.entries()) {
        const input = view.getUint32(at + 4 * lane, true);
        lanes[lane] = Math.imul(rotate(state + Math.imul(input, PRIME[2]), 13), PRIME[1]);
      }
    }
    const [a, b, c, d] = lanes as [number, number, number, number];
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  hash = (hash + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotate(hash + Math.imul(view.getUint32(at, true), PRIME[3]), 17), PRIME[4]);
  }
  for (; at < bytes.length; at++) {
    hash = Math.imul(rotate(hash + Math.imul(bytes[at]!, PRIME[5]), 11), PRIME[1]);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME[2]);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME[3]);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
