import { base64Text } from '../../base/base64.ts';
import { bytesOf } from '../../base/byte-string.ts';
import { ImageError } from '../error.ts';
import { SIGNATURE_PARTITION_SIZE } from './layout.ts';

/** What a signature partition holds. */
export interface SignatureFields {
  /** Lower-case hexadecimal. */
  readonly rootHash: string;
  /** SHA-256 of the DER certificate, lower-case hexadecimal. */
  readonly certificateFingerprint: string;
  /** The detached PKCS#7 signature, DER. */
  readonly signature: Uint8Array;
}

/**
 * Writes a signature partition (systemd 257 repart.c: `partition_format_verity_sig`): a JSON object without white
 * space, then NULs, at least one.
 *
 * @throws ImageError ('unrepresentable') when signature and certificate are too long for it.
 */
export function writeSignaturePartition(fields: SignatureFields): Uint8Array {
  const json = JSON.stringify({
    rootHash: fields.rootHash,
    certificateFingerprint: fields.certificateFingerprint,
    signature: base64Text(fields.signature),
  });
  if (json.length >= SIGNATURE_PARTITION_SIZE) {
    throw new ImageError(
      'unrepresentable',
      `signature: with its certificate it takes ${json.length} bytes, the partition holds ${SIGNATURE_PARTITION_SIZE - 1}`,
      { hint: 'sign with a smaller certificate' },
    );
  }
  const partition = new Uint8Array(SIGNATURE_PARTITION_SIZE);
  partition.set(bytesOf(json));
  return partition;
}
