import type { Signer } from '../image/signature/signer.ts';
import { readCertificate } from './certificate.ts';
import { certificateWarnings, type SigningWarning } from './certificate-warnings.ts';
import { type PassphraseSource, readPrivateKey } from './private-key.ts';
import { createSigner } from './signer.ts';
import { readSmallFile, type SmallFile } from './small-file.ts';

/** Where a signing key is. */
export interface SigningKeyOptions {
  /** PEM: PKCS#1, PKCS#8 or SEC1, encrypted or not. */
  readonly keyFile: string;
  /** PEM, of which the first certificate counts, or DER. May be the same file. */
  readonly certificateFile: string;
  /** Asked only when the key is encrypted. */
  readonly passphrase: PassphraseSource;
  /** The time that the certificate's dates are compared with. */
  readonly now?: Date;
}

/** A signing key, ready for use. */
export interface SigningKey {
  readonly signer: Signer;
  /** What the owner of the key should know; the image can be signed all the same. */
  readonly warnings: readonly SigningWarning[];
}

/**
 * Reads a private key and its certificate.
 *
 * The certificate is read first, so that no passphrase is asked for in vain. Throws a TrustError:
 * `unreadable-key`, `unreadable-certificate`, `unsupported-key`, `wrong-passphrase`, `certificate-mismatch`,
 * or what `passphrase` throws.
 */
export async function loadSigner(options: SigningKeyOptions): Promise<SigningKey> {
  const { keyFile, certificateFile, passphrase, now = new Date() } = options;
  const keyBytes = await readSmallFile(keyFile, 'private key', 'unreadable-key');
  const certificateBytes =
    certificateFile === keyFile
      ? keyBytes
      : await readSmallFile(certificateFile, 'certificate', 'unreadable-certificate');
  const certificate = readCertificate(certificateBytes.bytes, certificateFile);
  const key = await readPrivateKey(keyBytes.bytes, keyFile, passphrase);
  const signer = createSigner(key, certificate, {
    key: `private key ${keyFile}`,
    certificate: `certificate ${certificateFile}`,
  });
  return {
    signer,
    warnings: [
      ...permissionWarnings(keyBytes, keyFile),
      ...(await certificateWarnings(certificate, certificateFile, now)),
    ],
  };
}

function permissionWarnings({ permissions }: SmallFile, name: string): SigningWarning[] {
  if (permissions === undefined || (permissions & 0o007) === 0) return [];
  return [
    {
      code: 'key-file-permissions',
      message: `private key ${name}: everyone on this machine can use it (mode ${permissions.toString(8).padStart(4, '0')})`,
      hint: 'take the permission away with: chmod 0600 FILE',
    },
  ];
}
