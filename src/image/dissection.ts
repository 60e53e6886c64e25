import type { VerityHasherFor } from './block-hasher.ts';
import type { ByteSource } from './byte-source.ts';
import {
  type ChoiceOptions,
  type ChosenPartitions,
  choosePartitions,
  type PartitionCode,
} from './dissect/choose-partitions.ts';
import { openVolume, type Volume, type VolumeCode } from './dissect/open-volume.ts';
import type { Partition } from './dissect/partition.ts';
import { readPartitions } from './dissect/read-partitions.ts';
import { ImageError } from './error.ts';
import { SECTOR_SIZE } from './gpt/layout.ts';
import type { PartitionTableCode } from './gpt/partition-table.ts';
import { readPartitionTable } from './gpt/read-partition-table.ts';
import { isProtectiveMbr } from './gpt/read-protective-mbr.ts';
import type { Guid } from './guid.ts';
import type { ImageFinding } from './image-finding.ts';
import { type ProbedFileSystem, probeFileSystem } from './probe-file-system.ts';

/** What can be wrong with the structure of an image. */
export type DissectionCode =
  /** There is a file system beside the partition table: readers take it for one or the other. */
  'image-ambiguous' | PartitionTableCode | PartitionCode | VolumeCode;

/** An image taken apart. Of its content nothing is verified but the top of the hash tree. */
export interface Dissection extends Volume {
  /** Bytes. */
  readonly size: number;
  /** Bytes that the partition table counts in; 512 without one. */
  readonly sectorSize: number;
  /** `none`: the image is one file system. */
  readonly table: 'gpt' | 'none';
  readonly diskGuid: Guid | undefined;
  /** What systemd calls the image's UUID: the disk's GUID, else the file system's UUID. */
  readonly imageUuid: string | undefined;
  /** All partitions, ascending by number. */
  readonly partitions: readonly Partition[];
  /** The partition that counts for each purpose, as systemd chooses it where there are several. */
  readonly chosen: ChosenPartitions;
  /** What is wrong, from the outside in. An image with an error is to be refused. */
  readonly findings: readonly ImageFinding<DissectionCode>[];
}

/** How an image is taken apart. */
export interface DissectOptions extends ChoiceOptions {
  readonly hasherFor: VerityHasherFor;
}

/**
 * Takes an image apart: an extension image with a partition table, or a bare file system.
 *
 * @throws ImageError ('malformed') where there is neither, or no copy of the partition table can be read.
 */
export async function dissectImage(source: ByteSource, options: DissectOptions): Promise<Dissection> {
  if (source.size < SECTOR_SIZE) {
    throw new ImageError('malformed', `the image has only ${source.size} bytes`);
  }
  if (!isProtectiveMbr(await source.read(0, SECTOR_SIZE))) {
    const fileSystem = await probeFileSystem(source);
    if (fileSystem !== undefined) return bareFileSystem(source, fileSystem);
  }
  const table = await readPartitionTable(source).catch((cause: unknown) => {
    if (!(cause instanceof ImageError)) throw cause;
    throw new ImageError(
      cause.code,
      `it is no image: there is neither a partition table nor a file system (${cause.message})`,
      { cause, hint: 'check that it is the right file, and that it is complete' },
    );
  });
  const partitions = await readPartitions(source, table.partitions);
  const { chosen, findings } = choosePartitions(partitions, options);
  const { findings: volumeFindings, ...volume } = await openVolume(source, chosen, options.hasherFor);
  return {
    size: source.size,
    sectorSize: table.sectorSize,
    table: 'gpt',
    diskGuid: table.diskGuid,
    imageUuid: table.diskGuid,
    partitions,
    chosen,
    ...volume,
    findings: [...(await checkAmbiguity(source)), ...table.findings, ...findings, ...volumeFindings],
  };
}

/** A file system that is found in the image as a whole: systemd would mount that and look at no partition. */
async function checkAmbiguity(source: ByteSource): Promise<ImageFinding<'image-ambiguous'>[]> {
  let type: string | undefined;
  try {
    type = (await probeFileSystem(source))?.type;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    type = 'of several types';
  }
  if (type === undefined) return [];
  const message = `beside the partition table there is a file system (${type}) in the image as a whole`;
  return [{ code: 'image-ambiguous', layer: 'image', level: 'error', message, subjects: [] }];
}

function bareFileSystem(source: ByteSource, { type, uuid }: ProbedFileSystem): Dissection {
  const partition: Partition = {
    number: undefined,
    designator: 'root',
    architecture: undefined,
    typeGuid: undefined,
    guid: undefined,
    label: '',
    offset: 0,
    size: source.size,
    readOnly: false,
    growFileSystem: false,
    noAuto: false,
    fileSystemType: type,
  };
  return {
    size: source.size,
    sectorSize: SECTOR_SIZE,
    table: 'none',
    diskGuid: undefined,
    imageUuid: uuid,
    partitions: [partition],
    chosen: new Map([['root', partition]]),
    dataPartition: partition,
    hashPartition: undefined,
    signaturePartition: undefined,
    data: source,
    superblock: undefined,
    tree: undefined,
    rootHash: undefined,
    signature: undefined,
    findings: [],
  };
}
