import { bytesOf } from '../base/byte-string.ts';
import { hexText } from '../base/hex.ts';
import type { Architecture } from './architecture.ts';
import type { BlockHasher } from './block-hasher.ts';
import { BLOCK_SIZE, type BlockSink } from './block-sink.ts';
import { DataPartition } from './data-partition.ts';
import { ImageError } from './error.ts';
import { ATTRIBUTE, SECTOR_SIZE } from './gpt/layout.ts';
import { type Designator, partitionType, partitionTypeName } from './gpt/partition-types.ts';
import { type Placement, planPartitions } from './gpt/placement.ts';
import { type GptPartition, writeGpt } from './gpt/write.ts';
import { GUID_SIZE, type Guid, uuidText } from './guid.ts';
import type { HmacSha256, Sha256 } from './hash-functions.ts';
import { deriveIdentifiers, type SeedIdentifiers } from './identifiers.ts';
import type { ImageFile } from './image-file.ts';
import { signDetached } from './signature/detached-signature.ts';
import { SIGNATURE_PARTITION_SIZE } from './signature/layout.ts';
import type { Signer } from './signature/signer.ts';
import { writeSignaturePartition } from './signature/write-partition.ts';
import { buildHashTree, type HashTree, hashTreeBlocks } from './verity/hash-tree.ts';
import { HASH_TYPE_NORMAL } from './verity/layout.ts';
import { writeVeritySuperblock } from './verity/write-superblock.ts';

/** What a {@link DdiWriter} writes to and works with. */
export interface DdiWriterOptions {
  /** Empty. Stays open; it is the caller's. */
  readonly file: ImageFile;
  /** Decides the types of the partitions. */
  readonly architecture: Architecture;
  /** 16 bytes, from which all identifiers follow: a UUID in the order of RFC 9562. */
  readonly seed: Uint8Array;
  /** Undefined for an image with a hash tree but no signature. */
  readonly signer: Signer | undefined;
  readonly hasher: BlockHasher;
  readonly hmac: HmacSha256;
  readonly sha256: Sha256;
}

/** A partition of a finished image. */
export interface DdiPartition extends GptPartition {
  readonly designator: Designator;
}

/** A finished image. */
export interface DdiSummary {
  /** Lower-case hexadecimal. */
  readonly rootHash: string;
  /** Bytes. */
  readonly fileSize: number;
  /** Blocks of the file system. */
  readonly dataBlocks: number;
  readonly diskGuid: Guid;
  /** In the order of their numbers, from 1. */
  readonly partitions: readonly DdiPartition[];
  /** SHA-256 of the certificate, lower-case hexadecimal; undefined for an image without signature. */
  readonly certificateFingerprint: string | undefined;
}

/**
 * Writes an extension image as `systemd-repart --make-ddi=sysext` of systemd 257 does: a partition table, a file
 * system that comes through {@link sink}, its hash tree, and the signature of the tree's root hash.
 *
 * Nothing is written before the file system is known to be larger than 3 MiB, or complete. After an error the file
 * is of no use, and writes may still be under way.
 */
export class DdiWriter {
  readonly #options: DdiWriterOptions;
  readonly #identifiers: SeedIdentifiers;
  readonly #data: DataPartition;

  /** @throws ImageError ('out-of-range') for a seed that has not 16 bytes. */
  constructor(options: DdiWriterOptions) {
    const { file, architecture, seed, hasher, hmac } = options;
    if (seed.length !== GUID_SIZE) {
      throw new ImageError('out-of-range', `a seed has ${GUID_SIZE} bytes, not ${seed.length}`);
    }
    this.#options = options;
    this.#identifiers = deriveIdentifiers(seed, architecture, hmac);
    this.#data = new DataPartition(file, hasher, this.#identifiers.veritySalt);
  }

  /** Takes the blocks of the file system. */
  get sink(): BlockSink {
    return this.#data;
  }

  /** The UUID that the file system is to have: 16 bytes in the order of RFC 9562. */
  get fileSystemUuid(): Uint8Array {
    return this.#identifiers.fileSystemUuid;
  }

  /**
   * Completes the image; nothing may be appended after it. All writes have ended when it returns.
   *
   * @throws ImageError ('out-of-range' without any block, 'unrepresentable' for a certificate that does not fit), what
   * the signer throws, and what the file throws.
   */
  async finish(): Promise<DdiSummary> {
    const { file, hasher, signer } = this.#options;
    const { diskGuid, veritySalt } = this.#identifiers;
    const dataBlocks = this.#data.blocks;
    if (dataBlocks === 0) throw new ImageError('out-of-range', 'the file system has no blocks');

    const tree = await buildHashTree(await this.#data.leaves(), hasher, veritySalt);
    const rootHash = hexText(tree.rootHash);
    const signature = signer && (await this.#sign(rootHash, signer));
    const hashBlocks = 1 + hashTreeBlocks(dataBlocks);
    const placement = planPartitions([
      { minimum: dataBlocks * BLOCK_SIZE, maximum: Number.POSITIVE_INFINITY },
      { minimum: hashBlocks * BLOCK_SIZE, maximum: Number.POSITIVE_INFINITY },
      ...(signature ? [{ minimum: SIGNATURE_PARTITION_SIZE, maximum: SIGNATURE_PARTITION_SIZE }] : []),
    ]);
    const partitions = this.#describePartitions(placement, tree.rootHash);
    const [data, hash, sig] = placement.partitions;

    await this.#data.finish(data!.start);
    await file.truncate(placement.fileSize);
    await this.#writeHashPartition(tree, dataBlocks, hash!.start);
    if (signature) await file.write(signature.partition, sig!.start);
    const sectors = placement.fileSize / SECTOR_SIZE;
    const { firstUsableLba, lastUsableLba } = placement;
    const table = writeGpt({ diskGuid, sectors, firstUsableLba, lastUsableLba, partitions });
    await file.write(table.end, placement.fileSize - table.end.length);
    await file.write(table.start, 0);
    return {
      rootHash,
      fileSize: placement.fileSize,
      dataBlocks,
      diskGuid,
      partitions,
      certificateFingerprint: signature?.certificateFingerprint,
    };
  }

  async #sign(
    rootHash: string,
    signer: Signer,
  ): Promise<{ readonly partition: Uint8Array; readonly certificateFingerprint: string }> {
    const certificateFingerprint = hexText(this.#options.sha256(signer.certificate));
    // The kernel and systemd check the signature of the text, not of the hash.
    const signature = await signDetached(bytesOf(rootHash), signer);
    return {
      partition: writeSignaturePartition({ rootHash, certificateFingerprint, signature }),
      certificateFingerprint,
    };
  }

  /** The halves of the root hash are the GUIDs of data and hash partition; that is how systemd finds the hash. */
  #describePartitions({ partitions }: Placement, rootHash: Uint8Array): DdiPartition[] {
    const described = [
      { designator: 'root', guid: uuidText(rootHash), attributes: ATTRIBUTE.readOnly },
      {
        designator: 'root-verity',
        guid: uuidText(rootHash.subarray(-GUID_SIZE)),
        attributes: ATTRIBUTE.readOnly,
      },
      { designator: 'root-verity-sig', guid: this.#identifiers.signaturePartitionGuid, attributes: 0n },
    ] as const;
    return partitions.map(({ start, size }, index) => {
      const { designator, guid, attributes } = described[index]!;
      return {
        designator,
        typeGuid: partitionType(this.#options.architecture, designator),
        guid,
        firstLba: start / SECTOR_SIZE,
        lastLba: (start + size) / SECTOR_SIZE - 1,
        attributes,
        label: partitionTypeName(this.#options.architecture, designator),
      };
    });
  }

  async #writeHashPartition(tree: HashTree, dataBlocks: number, start: number): Promise<void> {
    const { file, hasher } = this.#options;
    const superblock = writeVeritySuperblock({
      uuid: this.#identifiers.verityUuid,
      hashType: HASH_TYPE_NORMAL,
      algorithm: hasher.algorithm,
      dataBlockSize: BLOCK_SIZE,
      hashBlockSize: BLOCK_SIZE,
      dataBlocks,
      salt: this.#identifiers.veritySalt,
    });
    await file.write(superblock, start);
    let position = start + BLOCK_SIZE;
    for (const level of tree.levels) {
      for (const blocks of level.blocks()) {
        await file.write(blocks, position);
        position += blocks.length;
      }
    }
  }
}
