/** What a SHA-256 thread is told: to hash so many bytes of a slot, or to end and tell the digest. */
export type Sha256Request =
  | { readonly slot: Uint8Array<SharedArrayBuffer>; readonly length: number }
  | 'digest';

/** What it answers: that a slot is hashed, or the digest in hexadecimal. */
export type Sha256Answer = 'hashed' | { readonly digest: string };
