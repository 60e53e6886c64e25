import { checkedDigest, checkedSize } from '../digest-check.ts';
import { unpacked } from './decompress.ts';

/** A layer as it is stored, and what the image says of it. Plain data, so that a thread can be given it. */
export interface PackedLayer {
  /** For messages. */
  readonly description: string;
  /** Digest and size of the bytes as stored, where the image states them. */
  readonly stored?: { readonly digest: string; readonly size: number };
  /** Digest of the archive unpacked (`diff_id`), where the image states it. */
  readonly unpackedDigest?: string;
}

/**
 * Unpacks a layer. Every digest stated is checked at the end; a SourceError is thrown if one does not hold.
 *
 * @param bytes As stored, in pieces that stay as they are as {@link unpacked} needs it.
 */
export function unpackedLayer(
  bytes: AsyncIterable<Uint8Array>,
  { description, stored, unpackedDigest }: PackedLayer,
): AsyncIterable<Uint8Array> {
  const checked =
    stored === undefined
      ? bytes
      : checkedDigest(checkedSize(bytes, stored.size, description), stored.digest, description);
  const archive = unpacked(checked, description);
  return unpackedDigest === undefined
    ? archive
    : checkedDigest(archive, unpackedDigest, `${description} unpacked`);
}
