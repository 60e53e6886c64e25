import fc from 'fast-check';
import { expect, test } from 'vitest';
import { base64Bytes, base64Text } from '../../src/base/base64.ts';
import { hexText } from '../../src/base/hex.ts';

test('writes base 64 and hexadecimal as Node does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(base64Text(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(hexText(bytes)).toBe(Buffer.from(bytes).toString('hex'));
    }),
  );
});

test('reads the base 64 that it writes, and no other text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(base64Bytes(base64Text(bytes))).toEqual(new Uint8Array(bytes));
    }),
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('A', 'B', '/', '+', '=', '-', '\n'), maxLength: 9 }),
      (text) => {
        const bytes = base64Bytes(text);
        if (bytes !== undefined) expect(base64Text(bytes)).toBe(text);
        else expect(base64Text(Buffer.from(text, 'base64'))).not.toBe(text);
      },
    ),
    { numRuns: 2000 },
  );
});
