import { releasePiece } from '../platform/release-buffer.ts';

/**
 * Passes a stream on, and frees the memory of each piece when the next one is asked for.
 *
 * @param bytes In pieces that are nobody else's.
 */
export async function* releasedPieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    yield piece;
    releasePiece(piece);
  }
}
