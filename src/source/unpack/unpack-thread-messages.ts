import type { SourceErrorCode } from '../error.ts';
import type { Ring } from './ring.ts';

/** What a thread that inflates is started with. */
export interface UnpackTask {
  /** For messages. */
  readonly description: string;
  /** The layer as it is stored: the thread is handed what is to be inflated, and at last a slot of no bytes. */
  readonly packed: Ring;
  /** The archive that is in it: the thread is handed what it may fill. */
  readonly archive: Ring;
}

/** What it answers. */
export type UnpackAnswer =
  | { readonly type: 'started' }
  /** Another slot of `packed` can be filled. */
  | { readonly type: 'wanted' }
  /** The next slot of `archive` has so many bytes. */
  | { readonly type: 'unpacked'; readonly length: number }
  /** The archive has ended. */
  | { readonly type: 'end' }
  /** The layer cannot be had. */
  | {
      readonly type: 'failed';
      /** Undefined for anything but a SourceError. */
      readonly code: SourceErrorCode | undefined;
      readonly message: string;
      readonly hint: string | undefined;
    };
