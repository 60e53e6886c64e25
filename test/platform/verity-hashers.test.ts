import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { verityHasher } from '../../src/platform/verity-hashers.ts';

test.each([
  ['sha256', 'sha256', 32],
  ['sha384', 'sha384', 48],
  ['sha512', 'sha512', 64],
  ['sha3-256', 'sha3-256', 32],
  ['sha3-384', 'sha3-384', 48],
  ['sha3-512', 'sha3-512', 64],
  ['blake2b-512', 'blake2b512', 64],
])('hashes blocks with %s', async (algorithm, openSslName, size) => {
  const hasher = verityHasher(algorithm)!;
  expect([hasher.algorithm, hasher.digestSize]).toEqual([algorithm, size]);
  const blocks = [Buffer.alloc(512, 1), Buffer.alloc(512, 2)];
  const digests = await hasher.hashBlocks(Buffer.from('salt'), Buffer.concat(blocks), 512);
  const expected = blocks.map((block) => createHash(openSslName).update('salt').update(block).digest());
  expect(Buffer.compare(digests, Buffer.concat(expected))).toBe(0);
});

test('has no hashes that are broken or unknown', () => {
  for (const algorithm of ['sha1', 'md5', 'crc32c', 'constructor', '']) {
    expect(verityHasher(algorithm)).toBeUndefined();
  }
});
