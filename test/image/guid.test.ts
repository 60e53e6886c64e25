import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guidBytes, guidText, uuidBytes, uuidFromHash, uuidText } from '../../src/image/guid.ts';

test('keeps both byte orders apart', () => {
  const text = '00112233-4455-6677-8899-aabbccddeeff';
  expect(Buffer.from(uuidBytes(text)).toString('hex')).toBe('00112233445566778899aabbccddeeff');
  expect(Buffer.from(guidBytes(text)).toString('hex')).toBe('33221100554477668899aabbccddeeff');
  expect(uuidText(uuidBytes(text.toUpperCase()))).toBe(text);
});

test('reads back what it wrote', () => {
  fc.assert(
    fc.property(fc.uuid(), (text) => {
      expect(uuidText(uuidBytes(text))).toBe(text);
      expect(guidText(guidBytes(text))).toBe(text);
    }),
  );
});

test.each([
  '',
  '00112233445566778899aabbccddeeff',
  '{00112233-4455-6677-8899-aabbccddeeff}',
  '00112233-4455-6677-8899-aabbccddeefg',
  '00112233-4455-6677-8899-aabbccddeeff\n',
])('refuses %j', (text) => {
  expect(() => uuidBytes(text)).toThrow(expect.objectContaining({ name: 'ImageError', code: 'malformed' }));
});

test('sets version and variant in a copy', () => {
  const hash = Buffer.alloc(32, 0xff);
  expect(uuidText(uuidFromHash(hash, 4))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
  expect(uuidText(uuidFromHash(new Uint8Array(20), 5))).toBe('00000000-0000-5000-8000-000000000000');
  expect(hash.every((byte) => byte === 0xff)).toBe(true);
});
