import type { ImageFinding, ImageLayer } from '../image/image-finding.ts';

/** What can be wrong with the signature of an image. */
export type SignatureCode =
  /** It is no PKCS#7 signature that can be read. */
  | 'signature-malformed'
  /** It is not of this root hash, or not made with the signer's key. */
  | 'signature-wrong'
  /** It is made in a way that is not verified here, or no longer. */
  | 'signature-digest-unsupported'
  | 'signature-algorithm-unsupported'
  /** Nobody asks for a certain signer, and the signature does not bring its certificate to verify it with. */
  | 'signer-certificate-missing'
  /** The signer is none of those who are trusted. */
  | 'signer-unknown'
  /** The signer, or who issued its certificate, is revoked by the firmware. */
  | 'signer-revoked'
  /** The image itself is revoked by the firmware. */
  | 'root-hash-revoked'
  /** The signer's key, or one in the chain, is of a kind or size whose signatures prove nothing. */
  | 'signer-key-unsupported'
  | 'certificate-expired'
  | 'certificate-not-yet-valid'
  /** Linux cannot verify it, though systemd can by itself. */
  | 'kernel-cannot-verify'
  /** systemd cannot verify it by itself, though the kernel can. */
  | 'systemd-cannot-verify';

const HINTS: Readonly<Partial<Record<SignatureCode, string>>> = {
  'signature-malformed': 'have the image signed again',
  'signature-wrong': 'the image or its signature was changed: get it again from who made it',
  'signer-certificate-missing': 'name the certificate with --certificate',
  'signer-key-unsupported':
    'have the image signed again, with an RSA key of 2048 bits or more or one on P-256 or P-384',
  'kernel-cannot-verify':
    'a kernel that must verify the image refuses it; sign with RSA of 2048, 3072 or 4096 bits or ECDSA on P-256 or P-384',
  'signer-revoked': 'have the image signed with a key that is not revoked',
  'root-hash-revoked': 'get a newer version of the image',
  'signature-digest-unsupported': 'have the image signed again, with SHA-256',
  'signature-algorithm-unsupported': 'have the image signed again, with RSA or ECDSA and SHA-256',
  'certificate-expired': 'systemd and the kernel do not look at the date; --check-expiry refuses such images',
  'certificate-not-yet-valid': "check this machine's clock",
};

/** A finding about a signature, with the hint that belongs to its code unless another is given. */
export function signatureFinding(
  code: SignatureCode,
  level: ImageFinding['level'],
  message: string,
  hint: string | undefined = HINTS[code],
): ImageFinding<SignatureCode> {
  const layer: ImageLayer = code.startsWith('signature-') ? 'signature' : 'trust';
  return { code, layer, level, message, ...(hint !== undefined && { hint }), subjects: [] };
}
