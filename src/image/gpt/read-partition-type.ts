import type { Architecture } from '../architecture.ts';
import type { Guid } from '../guid.ts';
import { type Designator, PARTITION_TYPES } from './partition-types.ts';

/**
 * What partitions of an image may be for, as image policies name it, in the order in which systemd shows them
 * (systemd 257 src/shared/dissect-image.h: `PartitionDesignator`).
 */
export const PARTITION_DESIGNATORS = [
  'root',
  'usr',
  'home',
  'srv',
  'esp',
  'xbootldr',
  'swap',
  'root-verity',
  'usr-verity',
  'root-verity-sig',
  'usr-verity-sig',
  'tmp',
  'var',
] as const;

/** One of {@link PARTITION_DESIGNATORS}. */
export type PartitionDesignator = (typeof PARTITION_DESIGNATORS)[number];

/** What the type of a partition says. */
export interface PartitionType {
  readonly designator: PartitionDesignator;
  /** Undefined for types that all architectures share. */
  readonly architecture: Architecture | undefined;
}

/** Any Linux file system: taken for the root where nothing else is. */
export const LINUX_GENERIC: Guid = '0fc63daf-8483-4772-8e79-3d69d8477de4';

/** Types without architecture: Discoverable Partitions Specification (UAPI.2). */
const COMMON_TYPES: Readonly<Record<Exclude<PartitionDesignator, Designator>, Guid>> = {
  home: '933ac7e1-2eb4-4f13-b844-0e14e2aef915',
  srv: '3b8f8425-20e0-4f3b-907f-1a25a76f98e8',
  esp: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  xbootldr: 'bc13c2ff-59e6-4262-a352-b275fd6f7172',
  swap: '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f',
  tmp: '7ec6f557-3bc5-4aca-b293-16ef5df639d1',
  var: '4d21b016-b534-45c2-a9fb-5c16e091fd2d',
};

let types: ReadonlyMap<Guid, PartitionType> | undefined;

/** What a partition type is for; undefined if images have no use for it. */
export function readPartitionType(typeGuid: Guid): PartitionType | undefined {
  types ??= new Map([...architectureTypes(), ...commonTypes()]);
  return types.get(typeGuid);
}

function* commonTypes(): Generator<[Guid, PartitionType]> {
  for (const [designator, guid] of Object.entries(COMMON_TYPES)) {
    yield [guid, { designator: designator as keyof typeof COMMON_TYPES, architecture: undefined }];
  }
}

function* architectureTypes(): Generator<[Guid, PartitionType]> {
  for (const [architecture, byDesignator] of Object.entries(PARTITION_TYPES)) {
    for (const [designator, guid] of Object.entries(byDesignator)) {
      yield [guid, { designator: designator as Designator, architecture: architecture as Architecture }];
    }
  }
}
