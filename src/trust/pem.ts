/** A block of a PEM file (RFC 7468; with headers, RFC 1421). */
export interface PemBlock {
  /** What stands after BEGIN, such as `RSA PRIVATE KEY`. */
  readonly label: string;
  /** The whole block, from its BEGIN line to its END line. */
  readonly text: string;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';

/**
 * The first block whose label `accepts` takes; undefined when there is none that also ends.
 *
 * Everything else in the file is passed over, as OpenSSL does: text, other blocks, EC PARAMETERS.
 */
export function findPemBlock(text: string, accepts: (label: string) => boolean): PemBlock | undefined {
  for (let begin = text.indexOf(BEGIN); begin !== -1; begin = text.indexOf(BEGIN, begin + BEGIN.length)) {
    if (begin > 0 && text[begin - 1] !== '\n' && text[begin - 1] !== '\r') continue;
    const labelEnd = text.indexOf(DASHES, begin + BEGIN.length);
    if (labelEnd === -1) return undefined;
    const label = text.slice(begin + BEGIN.length, labelEnd);
    if (!accepts(label)) continue;
    const endLine = `-----END ${label}-----`;
    const end = text.indexOf(endLine, labelEnd);
    return end === -1 ? undefined : { label, text: `${text.slice(begin, end + endLine.length)}\n` };
  }
  return undefined;
}

/** Whether a label names a private key of any encoding: PKCS#1, PKCS#8, SEC1, OpenSSH. */
export function isPrivateKeyLabel(label: string): boolean {
  return label === 'PRIVATE KEY' || label.endsWith(' PRIVATE KEY');
}

/** Whether a label names an X.509 certificate, in the three spellings that OpenSSL reads. */
export function isCertificateLabel(label: string): boolean {
  return label === 'CERTIFICATE' || label === 'X509 CERTIFICATE' || label === 'TRUSTED CERTIFICATE';
}

/** A file's bytes as text in which PEM can be looked for: Latin-1, so that no byte is lost or replaced. */
export function pemText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** DER as a PEM block. */
export function pem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  return `-----BEGIN ${label}-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}
