import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guidBytes, guidText } from '../../../src/trust/efi/guid.ts';

test('the first three fields are little-endian', () => {
  const bytes = guidBytes('8be4df61-93ca-11d2-aa0d-00e098032b8c');
  expect(Buffer.from(bytes).toString('hex')).toBe('61dfe48bca93d211aa0d00e098032b8c');
});

test('text and bytes round trip, upper case too', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.nat(20), (guid, offset) => {
      const bytes = new Uint8Array(offset + 16);
      bytes.set(guidBytes(guid.toUpperCase()), offset);
      expect(guidText(bytes, offset)).toBe(guid);
    }),
  );
});

test.each([
  '',
  '8be4df61',
  '8be4df6193ca11d2aa0d00e098032b8c',
  '8be4df61-93ca-11d2-aa0d-00e098032b8g',
  ' 8be4df61-93ca-11d2-aa0d-00e098032b8c',
])('"%s" is refused', (text) => {
  expect(() => guidBytes(text)).toThrow(RangeError);
});
