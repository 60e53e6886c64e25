/** The Castagnoli polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = new Int32Array(256).map((_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder;
});

/**
 * CRC-32C as Linux's `crc32c(seed, …)` computes it: without the final inversion that RFC 3720 asks for.
 *
 * @param seed 0xFFFFFFFF to begin, or the result for the bytes before, to continue.
 */
export function crc32c(bytes: Uint8Array, seed = 0xffff_ffff): number {
  let remainder = seed;
  for (let index = 0; index < bytes.length; index++) {
    remainder = (remainder >>> 8) ^ TABLE[(remainder ^ bytes[index]!) & 0xff]!;
  }
  return remainder >>> 0;
}
