import { createHash, X509Certificate } from 'node:crypto';
import { hexText } from '../base/hex.ts';
import { derElements, derProblem } from './pkcs7/check-der.ts';

/** The tag of a SignedData's certificates (RFC 5652, section 5.1). */
const CERTIFICATES = 0xa0;

/**
 * The name of who claims to have signed, for listings: the common name, or else the whole name, in the certificate that
 * came with a signature. Nothing is verified, and nothing is loaded for it. Undefined where no certificate can be read.
 *
 * @param signature PKCS#7, DER.
 * @param fingerprint Of the certificate, if several came along: SHA-256, lower-case hexadecimal.
 */
export function claimedSigner(signature: Uint8Array, fingerprint: string | undefined): string | undefined {
  if (derProblem(signature) !== undefined) return undefined;
  // ContentInfo { OID, [0] { SignedData { version, digestAlgorithms, encapContentInfo, [0] certificates … } } }
  const [, content] = derElements(signature);
  const [signedData] = content === undefined ? [] : derElements(content);
  const fields = signedData === undefined ? [] : derElements(signedData);
  const certificates = fields.find((field) => field[0] === CERTIFICATES);
  const [first, ...others] = certificates === undefined ? [] : derElements(certificates);
  const named = [first, ...others].find(
    (der) => der !== undefined && hexText(createHash('sha256').update(der).digest()) === fingerprint,
  );
  const der = named ?? first;
  if (der === undefined) return undefined;
  try {
    const { subject } = new X509Certificate(der);
    return /^CN=(.+)$/m.exec(subject)?.[1] ?? subject.replaceAll('\n', ', ');
  } catch {
    // OpenSSL cannot read it; what it says of why is nothing for a listing.
    return undefined;
  }
}
