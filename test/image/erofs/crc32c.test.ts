import { expect, test } from 'vitest';
import { crc32c } from '../../../src/image/erofs/crc32c.ts';

/** Vectors of RFC 3720 B.4, whose final inversion Linux leaves to the caller. */
test.each([
  ['zeros', new Uint8Array(32), 0x8a9136aa],
  ['ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['ascending', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ['digits', Buffer.from('123456789'), 0xe3069283],
])('%s', (_, bytes, inverted) => {
  expect(~crc32c(bytes) >>> 0).toBe(inverted);
});

test('continues from the result for the bytes before', () => {
  const whole = Buffer.from('123456789');
  expect(crc32c(whole.subarray(4), crc32c(whole.subarray(0, 4)))).toBe(crc32c(whole));
});
