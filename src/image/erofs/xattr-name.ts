import type { ByteString } from '../../base/byte-string.ts';
import { XATTR_PREFIXES } from './layout.ts';

/** An attribute's name as it is stored: the number of its prefix and what comes after it. */
export interface StoredXattrName {
  readonly index: number;
  readonly suffix: ByteString;
}

/** The stored form of a full name, or undefined if EROFS has none for it. */
export function storedXattrName(name: ByteString): StoredXattrName | undefined {
  for (const { index, prefix, whole } of XATTR_PREFIXES) {
    if (whole ? name === prefix : name.startsWith(prefix) && name.length > prefix.length) {
      return { index, suffix: name.slice(prefix.length) };
    }
  }
  return undefined;
}

/** The full name of a stored one, or undefined for a prefix that is not known or a suffix that may not be. */
export function fullXattrName({ index, suffix }: StoredXattrName): ByteString | undefined {
  const known = XATTR_PREFIXES.find((prefix) => prefix.index === index);
  if (known === undefined || known.whole !== (suffix === '')) return undefined;
  return known.prefix + suffix;
}
