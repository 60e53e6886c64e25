/** A private key and its certificate, able to sign; the key itself stays with whoever made the object. */
export interface Signer {
  /** The certificate, DER. */
  readonly certificate: Uint8Array;
  /** Kind of key, which decides the signature algorithm: RSA PKCS#1 v1.5, or ECDSA; SHA-256 with both. */
  readonly keyType: 'rsa' | 'ec';
  /** Signs `data` with SHA-256: the PKCS#1 v1.5 block for RSA, the DER sequence of r and s for EC. */
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}
