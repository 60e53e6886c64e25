import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';

test('hashes each block after the salt', () => {
  const blockSize = fc.constantFrom(512, 4096);
  fc.assert(
    fc.property(
      blockSize,
      fc.nat(5),
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(255),
      (size, count, salt, byte) => {
        const data = Buffer.alloc(size * count, byte);
        for (let block = 0; block < count; block++) data.writeUInt8(block, block * size + size - 1);
        const expected = Array.from({ length: count }, (_, block) =>
          createHash('sha256')
            .update(salt)
            .update(data.subarray(block * size, (block + 1) * size))
            .digest('hex'),
        );
        const digests = sha256Blocks.hashBlocks(salt, data, size) as Uint8Array;
        expect(Buffer.from(digests).toString('hex')).toBe(expected.join(''));
      },
    ),
  );
});
