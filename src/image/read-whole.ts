import { ImageError } from './error.ts';

/**
 * The whole content of a file from its pieces.
 *
 * @param size Bytes that the pieces have.
 * @param limit Most bytes to be kept in memory; a larger file is an ImageError ('out-of-range').
 * @param what The file, for the message.
 */
export async function readWhole(
  pieces: AsyncIterable<Uint8Array>,
  size: number,
  limit: number,
  what: string,
): Promise<Uint8Array> {
  if (size > limit) throw new ImageError('out-of-range', `${what}: ${size} bytes are more than ${limit}`);
  const whole = new Uint8Array(size);
  let at = 0;
  for await (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
