/**
 * Cuts a Zstandard stream (RFC 8878) so that no piece holds bytes of two frames.
 *
 * Node's decompressor takes bytes after the end of a frame for the end of the stream if they come in the same piece
 * (seen with Node 24), but layers of several frames are usual: `zstd:chunked` has one for every file. Frames are found
 * by their headers and the sizes of their blocks. What is no frame is passed on for the decompressor to refuse.
 */
export async function* cutAtFrames(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const finder = new FrameEndFinder();
  for await (const piece of stream) {
    let rest = piece;
    while (rest.length > 0) {
      const length = finder.advance(rest);
      yield rest.subarray(0, length);
      rest = rest.subarray(length);
    }
  }
}

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_HEADER_SIZE = 3;
const CHECKSUM_SIZE = 4;
const RLE_BLOCK = 1;

/** What the next bytes of a stream are, and how many. Of up to four the value is looked at. */
interface Expected {
  readonly part:
    | 'magic'
    | 'descriptor'
    | 'frame header'
    | 'block header'
    | 'block'
    | 'last block'
    | 'skippable size'
    | 'skippable'
    | 'unknown';
  readonly size: number;
}

const START: Expected = { part: 'magic', size: 4 };

class FrameEndFinder {
  #expected: Expected = START;
  /** Bytes of the expected part that were seen. */
  #seen = 0;
  readonly #gathered = new DataView(new ArrayBuffer(4));
  #hasChecksum = false;

  /** How many of these bytes, at least one, belong to the frame they begin in. */
  advance(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      const { part, size } = this.#expected;
      if (part === 'unknown') return bytes.length;
      const count = Math.min(size - this.#seen, bytes.length - at);
      if (size <= this.#gathered.byteLength) {
        for (let index = 0; index < count; index++)
          this.#gathered.setUint8(this.#seen + index, bytes[at + index]!);
      }
      this.#seen += count;
      at += count;
      if (this.#seen === size && this.#completePart()) return at;
    }
    return at;
  }

  /** Goes on to what follows a part that was seen whole; whether a frame ended with it. */
  #completePart(): boolean {
    const next = this.#next();
    this.#seen = 0;
    // A part of no bytes is complete at once.
    this.#expected = next ?? START;
    if (next === undefined) return true;
    return next.size === 0 ? this.#completePart() : false;
  }

  #next(): Expected | undefined {
    const word = this.#gathered.getUint32(0, true);
    switch (this.#expected.part) {
      case 'magic':
        if (word === FRAME_MAGIC) return { part: 'descriptor', size: 1 };
        if ((word & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) return { part: 'skippable size', size: 4 };
        return { part: 'unknown', size: Number.POSITIVE_INFINITY };
      case 'descriptor':
        return { part: 'frame header', size: this.#frameHeaderSize(word & 0xff) };
      case 'frame header':
      case 'block':
        return { part: 'block header', size: BLOCK_HEADER_SIZE };
      case 'block header': {
        const header = word & 0xffffff;
        const size = ((header >> 1) & 3) === RLE_BLOCK ? 1 : header >> 3;
        if ((header & 1) === 0) return { part: 'block', size };
        return { part: 'last block', size: size + (this.#hasChecksum ? CHECKSUM_SIZE : 0) };
      }
      case 'skippable size':
        return { part: 'skippable', size: word };
      case 'last block':
      case 'skippable':
      case 'unknown':
        return undefined;
    }
  }

  /** Bytes of the frame header after its descriptor (RFC 8878, section 3.1.1.1). */
  #frameHeaderSize(descriptor: number): number {
    const singleSegment = (descriptor & 0x20) !== 0;
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    const windowSize = singleSegment ? 0 : 1;
    const dictionarySize = [0, 1, 2, 4][descriptor & 3]!;
    const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
    return windowSize + dictionarySize + contentSize;
  }
}
