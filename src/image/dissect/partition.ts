import type { Architecture } from '../architecture.ts';
import type { PartitionDesignator } from '../gpt/read-partition-type.ts';
import type { Guid } from '../guid.ts';

/** A partition of an image, or the file system that is the whole image. */
export interface Partition {
  /** From 1; undefined where there is no partition table, as are the GUIDs. */
  readonly number: number | undefined;
  /** What it is for; undefined if images have no use for it. */
  readonly designator: PartitionDesignator | undefined;
  /** The architecture that its type names, if it names one. */
  readonly architecture: Architecture | undefined;
  readonly typeGuid: Guid | undefined;
  readonly guid: Guid | undefined;
  /** May be empty, and may hold anything. */
  readonly label: string;
  /** Bytes from the start of the image. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Attributes, as image policies judge them (Discoverable Partitions Specification). */
  readonly readOnly: boolean;
  readonly growFileSystem: boolean;
  /** Not to be used by itself: for systemd it is not there. */
  readonly noAuto: boolean;
  /** As libblkid names it; a hash and a signature partition have the names that systemd gives them. */
  readonly fileSystemType: string | undefined;
}
