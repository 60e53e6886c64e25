import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ImageError } from '../../../src/image/error.ts';
import { readSignaturePartition } from '../../../src/image/signature/read-partition.ts';
import { writeSignaturePartition } from '../../../src/image/signature/write-partition.ts';

const HASH = 'c0ffee'.repeat(10).padEnd(64, '0');
const FIELDS = { rootHash: HASH, certificateFingerprint: HASH, signature: 'AQID' };

/** A partition with a text, and NULs behind it. */
const partition = (text: string, size = 4096) => {
  const bytes = new Uint8Array(size);
  bytes.set(Buffer.from(text, 'utf8'));
  return bytes;
};

test('reads back what is written', () => {
  const hexadecimal = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString('hex'));
  const fields = fc.record({
    rootHash: hexadecimal,
    certificateFingerprint: hexadecimal,
    signature: fc.uint8Array({ minLength: 1, maxLength: 2000 }).map((bytes) => new Uint8Array(bytes)),
  });
  fc.assert(
    fc.property(fields, (fields) => {
      expect(readSignaturePartition(writeSignaturePartition(fields))).toEqual({ ...fields, unknownKeys: [] });
    }),
  );
});

describe('accepts', () => {
  test.each<[string, string]>([
    ['white space', `\n{ "rootHash" :\t"${HASH}",\r\n"signature": "AQID" } \n`],
    ['another order', `{"signature":"AQID","rootHash":"${HASH}"}`],
    ['escapes', `{"signature":"\\u0041Q\\u0049D","rootHash":"${HASH}"}`],
    ['a root hash of 48 bytes', `{"signature":"AQID","rootHash":"${HASH.slice(0, 32).repeat(3)}"}`],
    ['a root hash of 64 bytes', `{"signature":"AQID","rootHash":"${HASH.repeat(2)}"}`],
  ])('%s', (_, text) => {
    const { signature, certificateFingerprint } = readSignaturePartition(partition(text));
    expect(Buffer.from(signature)).toEqual(Buffer.of(1, 2, 3));
    expect(certificateFingerprint).toBeUndefined();
  });

  test('a partition without a NUL', () => {
    const text = JSON.stringify(FIELDS);
    expect(readSignaturePartition(partition(text, text.length)).rootHash).toBe(HASH);
  });

  test('unknown keys, and names them', () => {
    const text = JSON.stringify({ ...FIELDS, 'roothash\u0007': 'x', other: '"\\' });
    expect(readSignaturePartition(partition(text)).unknownKeys).toEqual(['roothash\\x07', 'other']);
  });

  test('signatures of any length, and base 64 as Node writes it', () => {
    for (let length = 1; length < 10; length++) {
      const signature = Buffer.alloc(length, 0xff);
      const text = JSON.stringify({ ...FIELDS, signature: signature.toString('base64') });
      expect(Buffer.compare(readSignaturePartition(partition(text)).signature, signature)).toBe(0);
    }
  });
});

describe('refuses', () => {
  const changed = (change: object) => JSON.stringify({ ...FIELDS, ...change });
  test.each<[string, string]>([
    ['it is empty', ''],
    ["at byte 0 there is no '{'", '[]'],
    ["at byte 0 there is no '{'", '"rootHash"'],
    ["at byte 0 there is no '{'", 'null'],
    ["there is no '}'", changed({}).slice(0, -1)],
    ["there is no '\"'", changed({}).replace('}', ',}')],
    ["there is no ':'", changed({}).replace(':', '=')],
    ["there is no '\"'", changed({ other: 1 })],
    ["there is no '\"'", changed({ other: { deep: {} } })],
    ["there is no '\"'", `{"signature":"${'A'.repeat(100)}`],
    ["there is no '\"'", '{"signature":"\\'],
    ["there is no '\"'", '{"'.padEnd(4000, '[')],
    ['behind the JSON object', `${changed({})}{}`],
    ['behind the JSON object', `${changed({})},`],
    ['not one that JSON has', changed({}).replace('AQID', '\\x41QID')],
    ['not one that JSON has', changed({}).replace('AQID', 'AQ\nID')],
    ['not one that JSON has', changed({}).replace('AQID', '\\u12')],
    ['it is not ASCII', changed({ ä: 'x' })],
    ['the key "rootHash" is there twice', changed({}).replace('{', `{"rootHash":"${HASH}",`)],
    ['the key "rootHash" is there twice', changed({}).replace('{', `{"root\\u0048ash":"${HASH}",`)],
    ['the key "rootHash" is missing', changed({ rootHash: undefined })],
    ['the key "signature" is missing', changed({ signature: undefined })],
    ['"rootHash" is not', changed({ rootHash: HASH.toUpperCase() })],
    ['"rootHash" is not', changed({ rootHash: HASH.slice(2) })],
    ['"rootHash" is not', changed({ rootHash: `${HASH}\n` })],
    ['"rootHash" is not', changed({ rootHash: '' })],
    ['"certificateFingerprint" is not', changed({ certificateFingerprint: '' })],
    ['"certificateFingerprint" is not', changed({ certificateFingerprint: `${HASH}00` })],
    ['"signature" is not', changed({ signature: '' })],
    ['"signature" is not', changed({ signature: 'AQI' })],
    ['"signature" is not', changed({ signature: 'AQ==AQID' })],
    ['"signature" is not', changed({ signature: 'A===' })],
    ['"signature" is not', changed({ signature: 'AR==' })],
    ['"signature" is not', changed({ signature: 'AQJ=' })],
    ['"signature" is not', changed({ signature: 'AQ-_' })],
    ['"signature" is not', changed({ signature: 'AQ ID' })],
    ['"signature" is not', changed({ signature: ' AQID' })],
  ])('%s: %#', (message, text) => {
    const call = () => readSignaturePartition(partition(text));
    expect(call).toThrow(ImageError);
    expect(call).toThrow(message);
  });

  test('anything behind the first NUL', () => {
    const bytes = partition(changed({}));
    bytes[4095] = 0x20;
    expect(() => readSignaturePartition(bytes)).toThrow('there is something behind the first NUL');
  });

  test('more than 4 MiB, but not 4 MiB', () => {
    const limit = 4 * 1024 * 1024;
    expect(readSignaturePartition(partition(changed({}), limit)).rootHash).toBe(HASH);
    expect(() => readSignaturePartition(partition(changed({}), limit + 1))).toThrow(
      expect.objectContaining({ code: 'out-of-range' }),
    );
  });
});

test('ends with fields or an ImageError, whatever the bytes', () => {
  const change = fc.tuple(fc.nat(180), fc.constantFrom('"', '\\', '{', ',', ':', '\0', 'a', '=', ' ', 'é'));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = partition(JSON.stringify(FIELDS), 400);
      for (const [place, character] of changes) bytes.set(Buffer.from(character, 'latin1'), place);
      try {
        expect(readSignaturePartition(bytes).rootHash).toMatch(/^[0-9a-f]{64}$/);
      } catch (error) {
        expect(error).toBeInstanceOf(ImageError);
      }
    }),
    { numRuns: 500 },
  );
});
