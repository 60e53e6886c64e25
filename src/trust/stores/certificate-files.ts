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
  const { raw } = readCertificate(bytes, path);
  return {
    certificate: await parseCertificate(raw, `certificate ${path}`),
    store: 'file',
    source: escapeControls(path),
    isAnchor: false,
  };
}
