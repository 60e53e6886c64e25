import { unpacked } from './compression.ts';
import { checkedDigest, checkedSize } from './digest-check.ts';
import type { Entry } from './entry.ts';
import type { Layer, ReadOptions } from './source.ts';
import { readTar } from './tar/reader.ts';

/** A layer that is a tar archive, packed or not. */
export interface TarLayerOptions {
  readonly description: string;
  /** Bytes as stored, for progress; undefined if not known before. */
  readonly size: number | undefined;
  /** Digest and size of the bytes as stored, where the image states them. */
  readonly stored?: { readonly digest: string; readonly size: number };
  /** Digest of the archive unpacked (`diff_id`), where the image states it. */
  readonly unpackedDigest?: string;
  /** Opens the bytes as stored; a piece must stay as it is after the next one was asked for. */
  open(options: ReadOptions): AsyncIterable<Uint8Array>;
}

/** The layer that such an archive is. Every digest stated is checked at the end of each reading. */
export function tarLayer(options: TarLayerOptions): Layer {
  const { description, size, stored, unpackedDigest } = options;
  return {
    description,
    size,
    async *entries(readOptions: ReadOptions): AsyncGenerator<Entry> {
      let bytes = options.open(readOptions);
      if (stored !== undefined)
        bytes = checkedDigest(checkedSize(bytes, stored.size, description), stored.digest, description);
      let archive: AsyncIterable<Uint8Array> = unpacked(bytes, description);
      if (unpackedDigest !== undefined)
        archive = checkedDigest(archive, unpackedDigest, `${description} unpacked`);
      const whole = watched(archive);
      yield* readTar(whole.bytes, description);
      if (!whole.ended())
        throw new TypeError('the tar reader left bytes unread, so that no digest was checked');
    },
  };
}

/** Passes bytes on and knows whether their end was reached. */
function watched(bytes: AsyncIterable<Uint8Array>): { bytes: AsyncIterable<Uint8Array>; ended(): boolean } {
  let ended = false;
  async function* pass(): AsyncGenerator<Uint8Array> {
    yield* bytes;
    ended = true;
  }
  return { bytes: pass(), ended: () => ended };
}
