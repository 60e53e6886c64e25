import { checked, checkedDigest, checkedSize, DigestCheck } from '../digest-check.ts';
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
 * @param bytes As stored, in pieces that are good until the next one is asked for. So are those that it yields.
 */
export function unpackedLayer(
  bytes: AsyncIterable<Uint8Array>,
  layer: PackedLayer,
): AsyncIterable<Uint8Array> {
  const archive = unpacked(storedAsStated(bytes, layer), layer.description);
  const check = archiveCheck(layer);
  return check === undefined ? archive : checked(archive, check);
}

/** Passes on the bytes of a layer as stored, and throws a SourceError at their end where they are not what the image states. */
export function storedAsStated(
  bytes: AsyncIterable<Uint8Array>,
  { description, stored }: PackedLayer,
): AsyncIterable<Uint8Array> {
  if (stored === undefined) return bytes;
  return checkedDigest(checkedSize(bytes, stored.size, description), stored.digest, description);
}

/** The check of the archive that was in a layer; undefined where the image does not state its digest. */
export function archiveCheck({ description, unpackedDigest }: PackedLayer): DigestCheck | undefined {
  return unpackedDigest === undefined
    ? undefined
    : new DigestCheck(unpackedDigest, `${description} unpacked`);
}
