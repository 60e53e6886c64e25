import type { VerityHasherFor } from '../block-hasher.ts';
import { ByteRange } from '../byte-range.ts';
import type { ByteSource } from '../byte-source.ts';
import type { ImageFinding } from '../image-finding.ts';
import type { SignaturePartition } from '../signature/read-partition.ts';
import { type HashTreeSource, openHashTree, type VerityCode } from '../verity/open-tree.ts';
import type { VeritySuperblock } from '../verity/superblock.ts';
import { checkRootHash, type RootHashCode } from './check-root-hash.ts';
import type { ChosenPartitions } from './choose-partitions.ts';
import type { Partition } from './partition.ts';
import { readSignature, type SignatureCode } from './read-signature.ts';

/** The file system that an image is for, its hash tree, and the signature of the tree's root hash. */
export interface Volume {
  readonly dataPartition: Partition | undefined;
  readonly hashPartition: Partition | undefined;
  readonly signaturePartition: Partition | undefined;
  /**
   * The bytes of the file system: those that the hash tree covers, where there is one, since what follows them in the
   * partition is not protected; else the data partition. Undefined where it cannot be said.
   */
  readonly data: ByteSource | undefined;
  readonly superblock: VeritySuperblock | undefined;
  /** What `verifyHashTree` wants; undefined where there is no tree, or it cannot be verified. */
  readonly tree: HashTreeSource | undefined;
  /**
   * Lower-case hexadecimal, as the signature, the GUIDs of data and hash partition, and the hash tree have it; where they
   * differ, which is a finding, what two of them have. Undefined without a hash partition.
   */
  readonly rootHash: string | undefined;
  /** What the signature partition says; undefined where there is none, or it is damaged. */
  readonly signature: SignaturePartition | undefined;
}

/** What can be wrong with a volume. */
export type VolumeCode = RootHashCode | SignatureCode | VerityCode;

/** Opens the volume among the partitions that were chosen, and sees whether its parts belong together. */
export async function openVolume(
  source: ByteSource,
  chosen: ChosenPartitions,
  hasherFor: VerityHasherFor,
): Promise<Volume & { readonly findings: readonly ImageFinding<VolumeCode>[] }> {
  const designator = chosen.has('root-verity') || !chosen.has('usr') ? 'root' : 'usr';
  const dataPartition = chosen.get(designator);
  const hashPartition = chosen.get(`${designator}-verity`);
  const signaturePartition = chosen.get(`${designator}-verity-sig`);
  const findings: ImageFinding<VolumeCode>[] = [];

  let signature: SignaturePartition | undefined;
  if (signaturePartition !== undefined) {
    const read = await readSignature(rangeOf(source, signaturePartition));
    signature = read.signature;
    findings.push(...read.findings);
  }
  const partitions = { dataPartition, hashPartition, signaturePartition };
  const partition = dataPartition && rangeOf(source, dataPartition);
  if (dataPartition === undefined || partition === undefined || hashPartition === undefined) {
    return {
      ...partitions,
      data: partition,
      superblock: undefined,
      tree: undefined,
      rootHash: undefined,
      signature,
      findings,
    };
  }
  const {
    superblock,
    tree,
    findings: treeFindings,
  } = await openHashTree(partition, rangeOf(source, hashPartition), hasherFor);
  const { rootHash, findings: rootFindings } = await checkRootHash({
    tree,
    signed: signature?.rootHash,
    data: dataPartition,
    hash: hashPartition,
  });
  return {
    ...partitions,
    data: tree && new ByteRange(partition, 0, tree.superblock.dataBlocks * tree.superblock.dataBlockSize),
    superblock,
    tree,
    rootHash,
    signature,
    // From the outside in: what is said about the tree, the tree, its signature.
    findings: [...rootFindings, ...treeFindings, ...findings],
  };
}

function rangeOf(source: ByteSource, { offset, size }: Partition): ByteRange {
  return new ByteRange(source, offset, size);
}
