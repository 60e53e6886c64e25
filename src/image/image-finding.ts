import type { Finding } from '../base/finding.ts';

/**
 * The part of an image that a finding is about, from the outside in: the file as a whole, its partition table, the
 * superblock of dm-verity, the hash tree, the blocks it protects, the signature of its root hash, whether the signer is
 * trusted, what the policy allows, and what the file system holds.
 */
export type ImageLayer =
  | 'image'
  | 'partition-table'
  | 'verity-superblock'
  | 'hash-tree'
  | 'data'
  | 'signature'
  | 'trust'
  | 'policy'
  | 'file-system'
  | 'extension-release'
  | 'content';

/** A finding about an image, with the layer at fault. */
export interface ImageFinding<Code extends string = string> extends Finding<Code> {
  readonly layer: ImageLayer;
}
