import { hexText } from '../../base/hex.ts';
import { GUID_SIZE, uuidBytes } from '../guid.ts';
import type { ImageFinding } from '../image-finding.ts';
import type { HashTreeSource, VerityCode } from '../verity/open-tree.ts';
import { computeRootHash, rootHashFinding } from '../verity/verify-root.ts';
import type { Partition } from './partition.ts';

/** What of an image can contradict its root hash, besides the tree itself. */
export type RootHashCode = 'root-hash-guid-mismatch' | 'signature-root-hash-mismatch';

/** The three places that have the root hash of an image; undefined where it could not be found out. */
export interface RootHashWitnesses {
  readonly tree: HashTreeSource | undefined;
  /** What the signature partition says, lower-case hexadecimal. */
  readonly signed: string | undefined;
  /** Data and hash partition, whose GUIDs are the first and last 16 bytes of the root hash. */
  readonly data: Partition;
  readonly hash: Partition;
}

/** Bytes of a root hash that two GUIDs spell in whole. */
const SPELLED_SIZE = 2 * GUID_SIZE;

/**
 * Finds out the root hash of an image, which three places must agree on: signature, GUIDs, and hash tree. Where one
 * of them disagrees with the two others, it is at fault.
 *
 * @returns `rootHash`: lower-case hexadecimal, what two of them agree on; if they all differ what is signed, else what
 * the GUIDs spell. A finding says so where it is not that of the tree.
 */
export async function checkRootHash({ tree, signed, data, hash }: RootHashWitnesses): Promise<{
  rootHash: string | undefined;
  findings: ImageFinding<RootHashCode | VerityCode>[];
}> {
  const [first, last] = [data.guid, hash.guid].map((guid) => hexText(uuidBytes(guid!))) as [string, string];
  const spelled = first + last;
  const fitting = (rootHash: string): number =>
    Number(rootHash.startsWith(first)) + Number(rootHash.endsWith(last));
  const findings: ImageFinding<RootHashCode | VerityCode>[] = [];
  const blameGuids = (rootHash: string): void => {
    findings.push({
      code: 'root-hash-guid-mismatch',
      layer: 'partition-table',
      level: 'error',
      message: `the GUIDs of partitions ${data.number} and ${hash.number} are not those of the root hash ${rootHash}`,
      subjects: [],
    });
  };
  if (tree === undefined) {
    if (signed !== undefined && fitting(signed) < 2) blameGuids(signed);
    return { rootHash: signed ?? spelled, findings };
  }
  const found = hexText(await computeRootHash(tree));
  if (found === signed) {
    if (fitting(found) < 2) blameGuids(found);
    return { rootHash: found, findings };
  }
  if (fitting(found) === 2) {
    if (signed !== undefined) {
      findings.push({
        code: 'signature-root-hash-mismatch',
        layer: 'signature',
        level: 'error',
        message: `the signature is for the root hash ${signed}, that of the image is ${found}`,
        hint: 'the signature is of another image, or was changed',
        subjects: [],
      });
    }
    return { rootHash: found, findings };
  }
  if (signed === undefined && fitting(found) === 1) {
    // Half a root hash does not come about by chance.
    blameGuids(found);
    return { rootHash: found, findings };
  }
  const expected = signed ?? (tree.hasher.digestSize === SPELLED_SIZE ? spelled : undefined);
  findings.push(await rootHashFinding(tree, found, expected ?? `${first}…${last}`));
  if (signed !== undefined && fitting(signed) < 2) blameGuids(signed);
  return { rootHash: expected ?? found, findings };
}
