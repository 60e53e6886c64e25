import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TrustError } from '../../../src/trust/error.ts';
import { readSignedData } from '../../../src/trust/pkcs7/signed-data.ts';
import { makeIdentity, NOW, signPkcs7 } from '../pki.ts';

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/signature/${name}`, import.meta.url)));
const signer = makeIdentity('signer');

/** An element in DER. */
function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : length < 0x10000
          ? [0x82, length >> 8, length & 0xff]
          : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
const SIGNED_DATA = Buffer.from('06092a864886f70d010702', 'hex');
const DATA = Buffer.from('06092a864886f70d010701', 'hex');
const VERSION = Buffer.from('020101', 'hex');
const signedData = (...parts: readonly Uint8Array[]) =>
  element(0x30, SIGNED_DATA, element(0xa0, element(0x30, ...parts)));

async function problem(bytes: Uint8Array): Promise<string> {
  const error = await readSignedData(bytes).then(
    () => expect.fail('was read'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TrustError);
  expect(error).toMatchObject({ code: 'malformed-signature' });
  return (error as TrustError).message;
}

describe('what OpenSSL made is read', () => {
  test.each([
    ['rsa.p7s', '1.2.840.113549.1.1.1'],
    ['ec-p256.p7s', '1.2.840.10045.4.3.2'],
    ['ec-p384.p7s', '1.2.840.10045.4.3.2'],
  ])('%s', async (name, signatureAlgorithm) => {
    const bytes = fixture(name);
    const { certificates, signers } = await readSignedData(bytes);
    expect(certificates).toHaveLength(1);
    expect(Buffer.from(bytes).includes(Buffer.from(certificates[0]!))).toBe(true);
    expect(signers).toMatchObject([
      { digestAlgorithm: '2.16.840.1.101.3.4.2.1', signatureAlgorithm, signedAttributes: undefined },
    ]);
  });
});

test('signed attributes are read, and what is signed is a SET OF them', async () => {
  const { signers } = await readSignedData(signPkcs7([signer], { signingTime: NOW }));
  const { signed, messageDigest, signingTime } = signers[0]!.signedAttributes!;
  expect(signed[0]).toBe(0x31);
  expect(messageDigest).toHaveLength(32);
  expect(signingTime).toEqual(NOW);
});

describe('is refused', () => {
  test('every truncation', async () => {
    for (const bytes of [fixture('ec-p256.p7s'), signPkcs7([signer], { attributes: true })]) {
      for (let length = 0; length < bytes.length; length++) await problem(bytes.subarray(0, length));
    }
  });

  test.each([
    ['something behind it', () => Buffer.concat([fixture('rsa.p7s'), Buffer.of(0)]), /something behind/],
    ['more than 1 MiB', () => new Uint8Array(1024 * 1024 + 1), /too many/],
    ['its content', () => signPkcs7([signer], { embedContent: true }), /brings the content along/],
    ['nobody’s signature', () => signPkcs7([], { certificates: [] }), /nobody signed/],
    ['nine signers', () => signPkcs7(Array(9).fill(signer)), /9 signers are too many/],
    [
      '17 certificates',
      () => signPkcs7([signer], { certificates: Array(17).fill(signer.certificate) }),
      /17 certificates are too many/,
    ],
    ['data', () => element(0x30, DATA, element(0xa0, element(0x04))), /no signed data/],
    [
      'a signature of a signature',
      () => signedData(VERSION, element(0x31), element(0x30, SIGNED_DATA), element(0x31)),
      /not of data/,
    ],
    ['nothing', () => element(0x30), /outer layer/],
    ['nothing in its layer', () => element(0x30, SIGNED_DATA, element(0xa0)), /cannot be read/],
  ] as const)('%s', async (_name, bytes, message) => expect(await problem(bytes())).toMatch(message));

  const edit = (from: string, to: string) => {
    const bytes = Buffer.from(signPkcs7([signer], { attributes: true }));
    const place = bytes.lastIndexOf(Buffer.from(from, 'hex'));
    expect(place).toBeGreaterThan(0);
    bytes.set(Buffer.from(to, 'hex'), place);
    return bytes;
  };
  test.each([
    ['no contentType', '06092a864886f70d010903', '06092a864886f70d01090f', /no single attribute contentType/],
    [
      'no messageDigest',
      '06092a864886f70d010904',
      '06092a864886f70d01090f',
      /no single attribute messageDigest/,
    ],
    [
      'two of one kind',
      '06092a864886f70d010904',
      '06092a864886f70d010903',
      /no single attribute contentType/,
    ],
    [
      'a contentType that is not data’s',
      '06092a864886f70d010903310b06092a864886f70d010701',
      '06092a864886f70d010903310b06092a864886f70d010702',
      /something else than data/,
    ],
  ])('attributes with %s', async (_name, from, to, message) => {
    expect(await problem(edit(from, to))).toMatch(message);
  });
});

describe('bytes that were made to hurt are refused without much time or memory:', () => {
  const size = 1024 * 1024 - 200;
  const nulls = Buffer.alloc(size, Buffer.of(5, 0));
  const algorithm = element(0x30, Buffer.from('0609608648016503040201', 'hex'));
  test.each([
    ['half a million elements', () => signedData(VERSION, element(0x31, nulls))],
    ['very many algorithms', () => signedData(VERSION, element(0x31, Buffer.alloc(size - 13, algorithm)))],
    [
      'an octet string of elements without end',
      () => signedData(VERSION, element(0x04, Buffer.alloc(size, Buffer.of(0x30, 0x80)))),
    ],
    ['an octet string of elements', () => signedData(VERSION, element(0x04, nulls))],
    ['a bit string of elements', () => signedData(VERSION, element(0x03, Buffer.of(0), nulls))],
    [
      'octet strings in octet strings',
      () => {
        let nested: Buffer = Buffer.alloc(0);
        while (nested.length < 60_000) nested = element(0x04, nested);
        return signedData(VERSION, nested);
      },
    ],
  ])('%s', async (_name, bytes) => {
    const before = process.memoryUsage().rss;
    await problem(bytes());
    expect(process.memoryUsage().rss - before).toBeLessThan(250 * 1024 * 1024);
  });
});
