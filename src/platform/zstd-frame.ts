/** Of a frame (RFC 8878 section 3.1.1): magic number, then the descriptor, whose bits tell which fields follow. */
const MAGIC = 0xfd2fb528;
const DESCRIPTOR_OFFSET = 4;
const SINGLE_SEGMENT = 0x20;
const HAS_CHECKSUM = 4;
const CHECKSUM_SIZE = 4;
/** Sizes of the dictionary's number and of the content's size, by the bits for them. */
const DICTIONARY_SIZES = [0, 1, 2, 4] as const;
const CONTENT_SIZES = [0, 2, 4, 8] as const;
/** A block's header: last block, two bits of type, and its size (section 3.1.1.2). */
const BLOCK_HEADER_SIZE = 3;
const RLE_BLOCK = 1;

/** The first zstd frame, without what is behind it; all bytes where they are no frame, or end in it. */
export function firstFrame(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length <= DESCRIPTOR_OFFSET || view.getUint32(0, true) !== MAGIC) return bytes;
  const descriptor = view.getUint8(DESCRIPTOR_OFFSET);
  const isSingleSegment = (descriptor & SINGLE_SEGMENT) !== 0;
  const contentSize = CONTENT_SIZES[(descriptor >>> 6) as 0 | 1 | 2 | 3] || (isSingleSegment ? 1 : 0);
  const windowSize = isSingleSegment ? 0 : 1;
  let at =
    DESCRIPTOR_OFFSET + 1 + windowSize + DICTIONARY_SIZES[(descriptor & 3) as 0 | 1 | 2 | 3] + contentSize;
  for (let isLast = false; !isLast; ) {
    if (at + BLOCK_HEADER_SIZE > bytes.length) return bytes;
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    isLast = (header & 1) !== 0;
    at += BLOCK_HEADER_SIZE + (((header >>> 1) & 3) === RLE_BLOCK ? 1 : header >>> 3);
  }
  return bytes.subarray(0, at + ((descriptor & HAS_CHECKSUM) === 0 ? 0 : CHECKSUM_SIZE));
}
