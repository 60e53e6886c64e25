import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteString, bytesOf, utf8ByteString } from '../../src/base/byte-string.ts';
import { decodeUtf8, displayName, escapeControls } from '../../src/base/display.ts';

describe('byte strings', () => {
  it('hold any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(bytesOf(byteString(bytes))).toEqual(bytes);
      }),
    );
  });

  it('hold text as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(bytesOf(utf8ByteString(text))).toEqual(new Uint8Array(new TextEncoder().encode(text)));
        expect(decodeUtf8(utf8ByteString(text))).toBe(text.toWellFormed());
      }),
    );
  });

  it('refuse what is no byte', () => expect(() => bytesOf('\u0100')).toThrow(RangeError));
});

describe('displayName', () => {
  it.each([
    ['plain.txt', 'plain.txt'],
    [utf8ByteString('Grün.txt'), 'Grün.txt'],
    ['bad\xff\xfe', 'bad\\xff\\xfe'],
    ['a\x1b[31m\nb', 'a\\x1b[31m\\x0ab'],
    [utf8ByteString('a\u202eb\u0085'), 'a\\u202eb\\u0085'],
  ])('%j', (name, shown) => expect(displayName(name)).toBe(shown));

  it('never lets a control character through', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const shown = displayName(byteString(bytes));
        expect(escapeControls(shown)).toBe(shown);
      }),
    );
  });
});
