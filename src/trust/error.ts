import { CodedError } from '../base/error.ts';

/** Why a key, a certificate or a firmware variable cannot be used. */
export type TrustErrorCode =
  /** The private key's file cannot be read, or holds no private key that can be understood. */
  | 'unreadable-key'
  /** The certificate's file cannot be read, or holds no certificate that can be understood. */
  | 'unreadable-certificate'
  /** A kind or size of key, or an encryption of its file, that extension images cannot be signed with. */
  | 'unsupported-key'
  /** The key is encrypted and nothing gave its passphrase. */
  | 'no-passphrase'
  /** The place a passphrase should come from cannot be read or holds none. */
  | 'unreadable-passphrase'
  /** The passphrase does not open the key. */
  | 'wrong-passphrase'
  /** Bytes that are no PKCS#7 signature as images have them. */
  | 'malformed-signature'
  /** The certificate is another key's. */
  | 'certificate-mismatch'
  /** Bytes of a firmware variable break the rules of their format. */
  | 'malformed'
  /** A name that cannot stand in a certificate. */
  | 'bad-name'
  /** Files that would be overwritten. */
  | 'file-exists'
  /** A file cannot be written. */
  | 'unwritable'
  /** The person at the terminal gave up. */
  | 'cancelled';

const WRONG_USAGE: ReadonlySet<TrustErrorCode> = new Set(['no-passphrase', 'bad-name']);

/** A key, a certificate or a firmware variable cannot be used or made. */
export class TrustError extends CodedError<TrustErrorCode> {
  override readonly name = 'TrustError';

  /** 2 where the command line lacks something or names something impossible, else 1. */
  override get exitCode(): 1 | 2 {
    return WRONG_USAGE.has(this.code) ? 2 : 1;
  }
}
