import type { ByteSource } from '../byte-source.ts';
import { ImageError } from '../error.ts';
import type { ImageFinding } from '../image-finding.ts';
import { SIGNATURE_PARTITION_LIMIT } from '../signature/layout.ts';
import { readSignaturePartition, type SignaturePartition } from '../signature/read-partition.ts';

/** What can be wrong with a signature partition. Whether the signature is right is for the room of trust to say. */
export type SignatureCode =
  | 'signature-partition-damaged'
  /** A warning: there is something in it that is ignored. */
  | 'signature-key-unknown';

/** Reads the signature partition of an image; `signature` is undefined where it is damaged. */
export async function readSignature(
  partition: ByteSource,
): Promise<{ signature: SignaturePartition | undefined; findings: ImageFinding<SignatureCode>[] }> {
  let signature: SignaturePartition;
  try {
    // One byte more than there may be is enough to be refused.
    const size = Math.min(partition.size, SIGNATURE_PARTITION_LIMIT + 1);
    signature = readSignaturePartition(await partition.read(0, size));
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const { message } = error;
    return { signature: undefined, findings: [finding('signature-partition-damaged', 'error', message)] };
  }
  const { unknownKeys } = signature;
  const unknown = unknownKeys.map((key) => `"${key.slice(0, 40)}"`).slice(0, 5);
  return {
    signature,
    findings:
      unknown.length === 0
        ? []
        : [
            finding(
              'signature-key-unknown',
              'warning',
              `signature partition: unknown keys: ${unknown.join(', ')}`,
            ),
          ],
  };
}

function finding(
  code: SignatureCode,
  level: 'error' | 'warning',
  message: string,
): ImageFinding<SignatureCode> {
  return { code, layer: 'signature', level, message, subjects: [] };
}
