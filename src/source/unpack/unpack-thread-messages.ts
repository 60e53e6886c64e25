import type { SourceErrorCode } from '../error.ts';
import type { Ring } from './ring.ts';
import type { PackedLayer } from './unpacked-layer.ts';

/** What a thread that unpacks is started with. Both sides go through the slots of each ring in turn. */
export interface UnpackTask {
  readonly layer: PackedLayer;
  /** The layer as it is stored. */
  readonly packed: Ring;
  /** The archive that is in it. */
  readonly archive: Ring;
}

/** What it is told. */
export type UnpackRequest =
  /** The next slot of `packed` has so many bytes. */
  | { readonly type: 'packed'; readonly length: number }
  /** The layer has ended. */
  | { readonly type: 'end' }
  /** Another slot of `archive` can be filled. */
  | { readonly type: 'taken' };

/** What it answers. */
export type UnpackAnswer =
  | { readonly type: 'started' }
  /** Another slot of `packed` can be filled. */
  | { readonly type: 'wanted' }
  /** The next slot of `archive` has so many bytes. */
  | { readonly type: 'unpacked'; readonly length: number }
  /** The archive has ended, and every digest holds. */
  | { readonly type: 'end' }
  /** The layer cannot be had. */
  | {
      readonly type: 'failed';
      /** Undefined for anything but a SourceError. */
      readonly code: SourceErrorCode | undefined;
      readonly message: string;
      readonly hint: string | undefined;
    };
