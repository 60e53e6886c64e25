import type { Algorithm } from './compressed-layout.ts';

/** A part of an inode's content and where it comes from. Parts follow each other without gaps. */
export type Extent = StoredExtent | HoleExtent | FragmentExtent | ClusterExtent;

interface Part {
  /** The byte of the content it starts with, and how many it has; of clusters up to 12 MiB. */
  readonly start: number;
  readonly length: number;
}

/** Bytes as they are, from an offset in the file system on. */
export interface StoredExtent extends Part {
  readonly kind: 'stored';
  readonly offset: number;
}

/** Zeros that are not stored. */
export interface HoleExtent extends Part {
  readonly kind: 'hole';
}

/** Bytes of the packed inode, from an offset in its content on. */
export interface FragmentExtent extends Part {
  readonly kind: 'fragment';
  readonly offset: number;
}

/** What a physical cluster (pcluster) holds, or the first bytes of that: several extents may share one. */
export interface ClusterExtent extends Part {
  readonly kind: 'cluster';
  /** Where the pcluster is in the file system, in bytes. */
  readonly offset: number;
  /** Bytes of the pcluster, up to 1 MiB. */
  readonly size: number;
  /** Uncompressed (`plain`) are also clusters that would not have become smaller. */
  readonly encoding: Algorithm | 'plain';
  /**
   * Of an interlaced plain cluster: the byte of a block at which its content starts. Every byte of content is then
   * in the cluster where it is in the file, as seen from a block's start.
   */
  readonly rotation: number | undefined;
}
