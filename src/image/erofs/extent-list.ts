/**
 * The extents of a compressed file, or of a part of it, in order: two numbers for each, its bytes of content, and where
 * they are. Numbers rather than objects, as a large file has hundreds of thousands.
 */
export type ExtentList = Uint32Array;

/** Numbers to an extent. */
export const EXTENT_NUMBERS = 2;

/** Where the content of an extent is. Several plain blocks of content are one entry. */
export function extentPlace(blocks: number, isCompressed: boolean): number {
  return blocks * 2 + (isCompressed ? 1 : 0);
}

/** Blocks of an extent's content; 0 for the last one of a file, which is beside the inode. */
export function extentBlocks(place: number): number {
  return place >>> 1;
}

export function isExtentCompressed(place: number): boolean {
  return (place & 1) === 1;
}

export function hasCompressedExtents(extents: ExtentList): boolean {
  for (let at = 1; at < extents.length; at += EXTENT_NUMBERS)
    if (isExtentCompressed(extents[at]!)) return true;
  return false;
}

/** The bytes of a list, to be kept for {@link asExtentList} by the same process. */
export function asBytes(extents: ExtentList): Uint8Array {
  return new Uint8Array(extents.buffer, extents.byteOffset, extents.byteLength);
}

export function asExtentList(bytes: Uint8Array): ExtentList {
  return new Uint32Array(bytes.slice().buffer);
}
