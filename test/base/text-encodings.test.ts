import fc from 'fast-check';
import { expect, test } from 'vitest';
import { base64Text } from '../../src/base/base64.ts';
import { hexText } from '../../src/base/hex.ts';

test('writes base 64 and hexadecimal as Node does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(base64Text(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(hexText(bytes)).toBe(Buffer.from(bytes).toString('hex'));
    }),
  );
});
