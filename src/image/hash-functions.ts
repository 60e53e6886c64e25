/** SHA-1 of some bytes: 20 bytes. Only for UUIDs made from names, which RFC 9562 defines by it. */
export type Sha1 = (data: Uint8Array) => Uint8Array;

/** SHA-256 of some bytes: 32 bytes. */
export type Sha256 = (data: Uint8Array) => Uint8Array;

/** HMAC-SHA-256 (RFC 2104) of some bytes: 32 bytes. */
export type HmacSha256 = (key: Uint8Array, data: Uint8Array) => Uint8Array;
