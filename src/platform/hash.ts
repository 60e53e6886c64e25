import { createHmac, hash } from 'node:crypto';
import type { HmacSha256, Sha1, Sha256 } from '../image/hash-functions.ts';

/** SHA-1 with OpenSSL. */
export const sha1: Sha1 = (data) => hash('sha1', data, 'buffer');

/** SHA-256 with OpenSSL. */
export const sha256: Sha256 = (data) => hash('sha256', data, 'buffer');

/** HMAC-SHA-256 with OpenSSL. */
export const hmacSha256: HmacSha256 = (key, data) => createHmac('sha256', key).update(data).digest();
