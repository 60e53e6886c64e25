import { mustRun } from './run-command.ts';

/** A partition as fdisk sees it; bytes from the start of the image. GUIDs in lower case. */
export interface Partition {
  readonly name: string;
  readonly type: string;
  readonly uuid: string;
  /** Attribute bits, as fdisk spells them (`GUID:60`); empty when none is set. */
  readonly attributes: string;
  readonly offset: number;
  readonly size: number;
}

/** A partition table as fdisk sees it. */
export interface PartitionTable {
  readonly diskGuid: string;
  readonly firstUsableSector: number;
  readonly lastUsableSector: number;
  readonly partitions: readonly Partition[];
}

const SECTOR = 512;

/** Reads an image's GPT with sfdisk, which knows nothing of this project. */
export async function readPartitionTable(image: string): Promise<PartitionTable> {
  const { stdout } = await mustRun('sfdisk', ['--json', image]);
  const { partitiontable: table } = JSON.parse(stdout) as {
    partitiontable: {
      id: string;
      firstlba: number;
      lastlba: number;
      partitions: { start: number; size: number; type: string; uuid: string; name: string; attrs?: string }[];
    };
  };
  return {
    diskGuid: table.id.toLowerCase(),
    firstUsableSector: table.firstlba,
    lastUsableSector: table.lastlba,
    partitions: table.partitions.map((partition) => ({
      name: partition.name,
      type: partition.type.toLowerCase(),
      uuid: partition.uuid.toLowerCase(),
      attributes: partition.attrs ?? '',
      offset: partition.start * SECTOR,
      size: partition.size * SECTOR,
    })),
  };
}

/** The partitions of an extension image by what they hold. */
export interface ExtensionPartitions {
  readonly data: Partition;
  readonly hash: Partition;
  /** Absent from an unsigned image. */
  readonly signature: Partition | undefined;
  /** The root hash that the GUIDs spell, the data partition's and then the hash partition's; lower-case hex. */
  readonly rootHash: string;
}

/** Sorts partitions by the suffix of their labels. Throws when data or hash tree is missing or anything is there twice. */
export function extensionPartitions(table: PartitionTable): ExtensionPartitions {
  const signatures = table.partitions.filter(({ name }) => name.endsWith('-verity-sig'));
  const hashes = table.partitions.filter(({ name }) => name.endsWith('-verity'));
  const others = table.partitions.filter(({ name }) => !/-verity(-sig)?$/.test(name));
  const [data, hash, signature] = [others[0], hashes[0], signatures[0]];
  if (!data || !hash || others.length > 1 || hashes.length > 1 || signatures.length > 1) {
    throw new Error(
      `not the partitions of an extension: ${table.partitions.map(({ name }) => name).join(', ')}`,
    );
  }
  return { data, hash, signature, rootHash: `${data.uuid}${hash.uuid}`.replaceAll('-', '') };
}
