import { releasedPieces } from './released-pieces.ts';
import type { Layer, ReadOptions } from './source.ts';
import { readTar } from './tar/reader.ts';
import { unpackedBeside } from './unpack/unpack-in-thread.ts';
import type { PackedLayer } from './unpack/unpacked-layer.ts';

/** A layer that is a tar archive, packed or not. */
export interface TarLayerOptions extends PackedLayer {
  /** Bytes as stored, for progress; undefined if not known before. */
  readonly size: number | undefined;
  /** Opens the bytes as stored, in pieces that are nobody else's: their memory is freed. */
  open(options: ReadOptions): AsyncIterable<Uint8Array>;
}

/** The layer that such an archive is. Every digest stated is checked at the end of each reading. */
export function tarLayer(options: TarLayerOptions): Layer {
  const { size, open, ...layer } = options;
  const { description } = layer;
  return {
    description,
    size,
    entries: (readOptions: ReadOptions) =>
      readTar(unpackedBeside(releasedPieces(open(readOptions)), layer, readOptions.spareWork), description),
  };
}
