import { escapeControls } from '../../base/display.ts';
import { readCertificate } from '../certificate.ts';
import { parseCertificate } from '../pkcs7/parsed-certificate.ts';
import { readSmallFile } from '../small-file.ts';
import type { TrustedCertificate } from '../trusted-keys.ts';

/**
 * The certificate in a file that somebody named: PEM, of which the first counts as with systemd, or DER. Its holder may
 * sign, nobody else. Throws a TrustError `unreadable-certificate`.
 */
export async function certificateFile(path: string): Promise<TrustedCertificate> {
  const { bytes } = await readSmallFile(path, 'certificate', 'unreadable-certificate');
  return trustedCertificate(bytes, path);
}

/**
 * The certificate in a text that somebody wrote down, as {@link certificateFile}.
 *
 * @param source Where it is written, for messages.
 */
export function writtenCertificate(pem: string, source: string): Promise<TrustedCertificate> {
  return trustedCertificate(Buffer.from(pem), source);
}

async function trustedCertificate(bytes: Buffer, source: string): Promise<TrustedCertificate> {
  const { raw } = readCertificate(bytes, source);
  return {
    certificate: await parseCertificate(raw, `certificate ${source}`),
    store: 'file',
    source: escapeControls(source),
    isAnchor: false,
  };
}
