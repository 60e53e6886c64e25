import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  SHA256,
  type SignatureList,
  X509,
  X509_SHA256,
} from '../../../src/trust/efi/signature-list/layout.ts';
import { readSignatureLists } from '../../../src/trust/efi/signature-list/read.ts';
import { writeSignatureLists } from '../../../src/trust/efi/signature-list/write.ts';
import { TrustError } from '../../../src/trust/error.ts';
import { fixture } from '../fixture.ts';

const OWNER = '01234567-89ab-cdef-fedc-ba9876543210';
const NO_HEADER = new Uint8Array();

/** Lists as other tools wrote them. */
const vectors: [string, SignatureList[]][] = [
  [
    'rsa.esl',
    [
      {
        type: X509,
        header: NO_HEADER,
        signatures: [{ owner: OWNER, data: new Uint8Array(fixture('rsa.der')) }],
      },
    ],
  ],
  [
    'sha256.esl',
    [
      {
        type: SHA256,
        header: NO_HEADER,
        signatures: [{ owner: OWNER, data: new TextEncoder().encode('abcdefghijklmnopqrstuvwxyz012345') }],
      },
    ],
  ],
];

describe.each(vectors)('%s of another tool', (name, lists) => {
  test('is written', () => expect(Buffer.from(writeSignatureLists(lists))).toEqual(fixture(name)));
  test('is read', () => expect(readSignatureLists(new Uint8Array(fixture(name)), name)).toEqual(lists));
});

const listOf = (type: fc.Arbitrary<string>, size: fc.Arbitrary<number>, header: fc.Arbitrary<Uint8Array>) =>
  size.chain((length) =>
    fc.record({
      type,
      header,
      signatures: fc.array(
        fc.record({ owner: fc.uuid(), data: fc.uint8Array({ minLength: length, maxLength: length }) }),
        { minLength: 1, maxLength: 5 },
      ),
    }),
  );
const none = fc.constant(NO_HEADER);
const anyLists = fc.array(
  fc.oneof(
    listOf(fc.constant(X509), fc.nat(100), none),
    listOf(fc.constant(SHA256), fc.constant(32), none),
    listOf(fc.constant(X509_SHA256), fc.constant(48), none),
    listOf(fc.uuid(), fc.nat(40), fc.uint8Array({ maxLength: 20 })),
  ),
  { maxLength: 6 },
);

test('what is written is read', () => {
  fc.assert(
    fc.property(anyLists, (lists) => {
      expect(readSignatureLists(writeSignatureLists(lists), 'db')).toEqual(lists);
    }),
  );
});

test('changed bytes are read or refused as malformed, and what is read is what the bytes say', () => {
  const change = fc.record({ place: fc.nat(), value: fc.nat(255) });
  fc.assert(
    fc.property(
      anyLists,
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (lists, changes, cut) => {
        const whole = writeSignatureLists(lists);
        const bytes = cut % 3 === 0 ? whole.slice(0, cut % (whole.length + 1)) : whole;
        if (bytes.length > 0) for (const { place, value } of changes) bytes[place % bytes.length] = value;
        let read: SignatureList[];
        try {
          read = readSignatureLists(bytes, 'dbx');
        } catch (error) {
          expect(error).toBeInstanceOf(TrustError);
          expect(error).toMatchObject({ code: 'malformed', message: expect.stringMatching(/^dbx: /) });
          return;
        }
        expect(writeSignatureLists(read)).toEqual(bytes);
      },
    ),
    { numRuns: 2000 },
  );
});

describe('a list is refused that', () => {
  const u32 = (offset: number, value: number) => (bytes: Uint8Array) => {
    new DataView(bytes.buffer).setUint32(offset, value, true);
    return bytes;
  };
  const cases: [string, (bytes: Uint8Array) => Uint8Array, RegExp][] = [
    ['is cut off in its fixed part', (bytes) => bytes.slice(0, 27), /byte 0 is cut off/],
    ['claims more than there is', u32(16, 77), /claims 77 bytes where 76 are left/],
    ['claims 4 GiB', u32(16, 0xffffffff), /claims 4294967295 bytes/],
    ['claims less than its fixed part', u32(16, 27), /too few for its header/],
    ['claims nothing, which would never end', u32(16, 0), /too few for its header/],
    ['has a header beyond its end', u32(20, 0xffffffff), /too few for its header/],
    ['has a header where the type has none', u32(20, 4), /has a header/],
    ['has entries of no size', u32(24, 0), /too few for an owner/],
    ['has entries of another size than its type', u32(24, 16), /entries of 16 bytes where/],
    ['has no entry', (bytes) => u32(16, 28)(bytes).slice(0, 28), /has no entry/],
    ['does not end where an entry ends', (bytes) => u32(16, 75)(bytes).slice(0, 75), /does not end where/],
    [
      'follows a good one',
      (bytes) => Uint8Array.from([...bytes, ...bytes.slice(0, 40)]),
      /byte 76 claims 76 bytes where 40/,
    ],
  ];
  test.each(cases)('%s', (_name, change, message) => {
    const bytes = change(new Uint8Array(fixture('sha256.esl')));
    expect(() => readSignatureLists(bytes, 'db')).toThrow(message);
  });

  test('is longer than any variable', () => {
    expect(() => readSignatureLists(new Uint8Array(1024 * 1024 + 1), 'db')).toThrow(/too many/);
  });
});

test('a list without entries, or with entries of different sizes, cannot be written', () => {
  const list = (...sizes: number[]) => [
    {
      type: X509,
      header: NO_HEADER,
      signatures: sizes.map((size) => ({ owner: OWNER, data: new Uint8Array(size) })),
    },
  ];
  expect(() => writeSignatureLists(list())).toThrow(RangeError);
  expect(() => writeSignatureLists(list(1, 2))).toThrow(RangeError);
});
