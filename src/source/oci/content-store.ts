import type { ReadOptions } from '../source.ts';
import type { Descriptor } from './descriptor.ts';

/** Where documents and blobs are kept by digest: a registry, an OCI layout, an archive. */
export interface ContentStore {
  /**
   * The bytes of a manifest, index or configuration, at most `descriptor.size` + 1 of them. The caller checks size
   * and digest.
   */
  readDocument(descriptor: Descriptor, signal: AbortSignal | undefined): Promise<Uint8Array>;
  /** The bytes of a layer as stored, in pieces. The caller checks size and digest, and stops where it has enough. */
  openBlob(descriptor: Descriptor, options: ReadOptions): AsyncIterable<Uint8Array>;
}
