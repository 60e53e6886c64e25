import type { Architecture } from '../architecture.ts';
import type { Dissection } from '../dissection.ts';
import { LINUX_GENERIC, type PartitionDesignator } from '../gpt/read-partition-type.ts';

/** A partition as far as policies look at it. */
export interface PolicyPartition {
  /** The architecture of its type; undefined for types that all share. */
  readonly architecture: Architecture | undefined;
  /** Bit 60 of its attributes. */
  readonly readOnly: boolean;
  /** Bit 59 of its attributes. */
  readonly growFileSystem: boolean;
  /** As libblkid names it: only `crypto_LUKS` makes a difference. Undefined where nothing was recognised. */
  readonly fileSystemType: string | undefined;
}

/** An image as far as policies look at it. */
export interface PolicySubject {
  /** Without a partition table the image is a single file system, given as root. */
  readonly hasPartitionTable: boolean;
  /** The partition that counts for each purpose. */
  readonly partitions: ReadonlyMap<PartitionDesignator, PolicyPartition>;
  /** Partitions for any Linux file system: a single one is the root where neither root nor /usr is used. */
  readonly generic: readonly PolicyPartition[];
}

/** What policies look at of an image that was taken apart. */
export function policySubject({
  table,
  partitions,
  chosen,
}: Pick<Dissection, 'table' | 'partitions' | 'chosen'>): PolicySubject {
  return {
    hasPartitionTable: table === 'gpt',
    partitions: new Map([...chosen].filter(([, { typeGuid }]) => typeGuid !== LINUX_GENERIC)),
    generic: partitions.filter(({ typeGuid, noAuto }) => typeGuid === LINUX_GENERIC && !noAuto),
  };
}
