import type { Guid } from '../guid.ts';
import type { ImageFinding } from '../image-finding.ts';

/** What can be wrong with a partition table that is read. Readers then see different partitions, or none. */
export type PartitionTableCode =
  | 'protective-mbr-damaged'
  | 'gpt-sector-size-ambiguous'
  | 'gpt-primary-damaged'
  | 'gpt-backup-damaged'
  | 'gpt-copies-differ'
  | 'gpt-size-mismatch'
  | 'partition-out-of-range'
  | 'partitions-overlap'
  | 'partition-guid-duplicate';

/** A partition as its entry describes it. */
export interface TableEntry {
  /** From 1. */
  readonly number: number;
  readonly typeGuid: Guid;
  readonly guid: Guid;
  /** Bytes from the start of the image. */
  readonly offset: number;
  /** Bytes, at least one sector. */
  readonly size: number;
  /** 64 bits. */
  readonly attributes: bigint;
  /** Up to 36 UTF-16 code units, whichever. */
  readonly label: string;
}

/** A partition table as libblkid sees it, and what is wrong with it. */
export interface PartitionTable {
  /** Bytes: 512, 1024, 2048 or 4096. */
  readonly sectorSize: number;
  readonly diskGuid: Guid;
  /** The copy that the partitions are from: the primary one unless it is damaged. */
  readonly copy: 'primary' | 'backup';
  /** Those in the range for partitions, ascending by number. */
  readonly partitions: readonly TableEntry[];
  /** All of level error. */
  readonly findings: readonly ImageFinding<PartitionTableCode>[];
}
