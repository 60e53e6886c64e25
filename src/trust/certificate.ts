import { X509Certificate } from 'node:crypto';
import { TrustError } from './error.ts';
import { findPemBlock, isCertificateLabel, isPrivateKeyLabel, pemText } from './pem.ts';

/**
 * The certificate in a file: the first one of a PEM file, as systemd takes it, or one in DER.
 *
 * `name` is the file's, for messages. Throws a TrustError `unreadable-certificate`.
 */
export function readCertificate(bytes: Uint8Array, name: string): X509Certificate {
  const text = pemText(bytes);
  const block = findPemBlock(text, isCertificateLabel);
  if (block === undefined && findPemBlock(text, isPrivateKeyLabel) !== undefined) {
    throw new TrustError(
      'unreadable-certificate',
      `certificate ${name}: the file holds no certificate, but a private key`,
      { hint: 'give the key with --private-key and the certificate with --certificate' },
    );
  }
  try {
    return new X509Certificate(block?.text ?? bytes);
  } catch (cause) {
    throw new TrustError(
      'unreadable-certificate',
      block === undefined
        ? `certificate ${name}: the file holds no X.509 certificate, neither PEM nor DER`
        : `certificate ${name}: the PEM block is damaged`,
      { cause },
    );
  }
}
