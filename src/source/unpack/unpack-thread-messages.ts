import type { HashOffer } from '../../platform/hash-offer.ts';
import type { SourceErrorCode } from '../error.ts';
import type { Ring } from './ring.ts';
import type { PackedLayer } from './unpacked-layer.ts';

/** What a thread that inflates is started with. */
export interface UnpackTask {
  readonly layer: PackedLayer;
  /** What the thread helps with where it would wait. */
  readonly spareWork: HashOffer | undefined;
  /** A 32-bit word, not 0 once the thread that made the task computes the digest of the archive itself. */
  readonly digestLeft: SharedArrayBuffer;
  /** The layer as it is stored, which the thread empties. A slot of no bytes is its end. */
  readonly packed: Ring;
  /** The archive that is in it, which the thread fills. */
  readonly archive: Ring;
}

/** What it answers. */
export type UnpackAnswer =
  | { readonly type: 'started' }
  /** A slot of `packed` was emptied, or one of `archive` filled. */
  | { readonly type: 'progress' }
  /** The archive has ended, and has the digest that was stated, if the thread computed it. */
  | { readonly type: 'end' }
  /** The layer cannot be had. */
  | {
      readonly type: 'failed';
      /** Undefined for anything but a SourceError. */
      readonly code: SourceErrorCode | undefined;
      readonly message: string;
      readonly hint: string | undefined;
    };
