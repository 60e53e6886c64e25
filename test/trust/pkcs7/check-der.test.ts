import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { derElements, derProblem } from '../../../src/trust/pkcs7/check-der.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('nothing is wrong with', () => {
  test.each([
    ['an empty sequence', '30 00'],
    ['elements in elements', '30 05 31 03 02 01 05'],
    ['a long length', `30 81 80 ${'05 00'.repeat(64)}`],
    ['an octet string that holds anything', '04 03 30 80 ff'],
  ])('%s', (_name, bytes) => expect(derProblem(hex(bytes))).toBeUndefined());

  test('40 levels, but with 41', () => {
    const nested = (levels: number) => {
      let bytes = hex('05 00');
      for (let level = 0; level < levels; level++) bytes = Uint8Array.of(0x30, bytes.length, ...bytes);
      return bytes;
    };
    expect(derProblem(nested(40))).toBeUndefined();
    expect(derProblem(nested(41))).toMatch(/nested more than 40 deep/);
  });
});

test.each([
  ['', 'it is empty'],
  ['30', 'it is cut off'],
  ['30 82 01', 'it is cut off'],
  ['30 80 00 00', 'an indefinite length'],
  ['30 04 30 80 00 00', 'an indefinite length'],
  ['30 81 01 05', 'not of the shortest form'],
  ['04 82 00 80', 'not of the shortest form'],
  ['30 85 01 00 00 00 00', 'a length beyond 4 GiB'],
  ['30 84 ff ff ff ff', 'an element of 4294967295 bytes where 0 are left'],
  ['30 03 02 02 01', 'an element of 2 bytes where 1 are left'],
  ['30 01 05', 'it is cut off'],
  ['30 00 00', 'something behind byte 2'],
  ['1f 81 00 00', 'a tag (0x1f)'],
  ['9f 81 00 00', 'a tag (0x9f)'],
  ['10 00', 'a tag (0x10)'],
  ['24 02 04 00', 'a tag (0x24)'],
  ['b0 00', 'a tag (0xb0)'],
  ['70 00', 'a tag (0x70)'],
])('%s is refused: %s', (bytes, reason) => expect(derProblem(hex(bytes))).toContain(reason));

test('any bytes are refused or are taken apart into elements that make them up', () => {
  const some = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .array(fc.constantFrom(0x30, 0x31, 0x04, 0x80, 0x81, 0, 1, 2, 3, 4), { maxLength: 12 })
      .map((bytes) => Uint8Array.from(bytes)),
  );
  fc.assert(
    fc.property(some, (bytes) => {
      if (derProblem(bytes) !== undefined) return;
      const elements = derElements(bytes);
      for (const element of elements) expect(derProblem(element)).toBeUndefined();
      const size = elements.reduce((sum, { length }) => sum + length, 0);
      if ((bytes[0]! & 0x20) !== 0)
        expect(Buffer.concat(elements)).toEqual(Buffer.from(bytes.subarray(bytes.length - size)));
      else expect(elements).toEqual([]);
    }),
    { numRuns: 3000 },
  );
});

test('elements of bytes that nobody looked at are an error, not a loop', () => {
  expect(() => derElements(hex('30 80 00 00'))).toThrow(RangeError);
});
