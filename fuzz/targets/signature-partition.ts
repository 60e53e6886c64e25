import { strict as assert } from 'node:assert';
import { readSignaturePartition } from '../../src/image/signature/read-partition.ts';
import { writeSignaturePartition } from '../../src/image/signature/write-partition.ts';
import type { Target } from '../engine/target.ts';
import { fixture } from '../seeds/fixtures.ts';
import { texts } from '../seeds/text.ts';

/** A signature partition; what is read and written again is the same. */
export const target: Target = {
  // What can be written again.
  sizeMax: 12 * 1024,
  seeds: () => [
    writeSignaturePartition({
      rootHash: '0123456789abcdef'.repeat(4),
      certificateFingerprint: 'fedcba9876543210'.repeat(4),
      signature: fixture('test/fixtures/signature/ec-p256.p7s'),
    }).subarray(0, 4096),
    ...texts(` { "rootHash" : "${'ab'.repeat(48)}",\n"signature":"AAAA", "other\\u0041": "\\"" } `),
  ],
  run(input) {
    const partition = readSignaturePartition(input);
    const text = Buffer.from(input).toString('latin1');
    const json = JSON.parse(text.slice(0, `${text}\0`.indexOf('\0'))) as {
      rootHash?: unknown;
      signature?: unknown;
    };
    assert.equal(json.rootHash, partition.rootHash);
    assert.equal(json.signature, Buffer.from(partition.signature).toString('base64'));
    const { rootHash, signature, certificateFingerprint = '00'.repeat(32) } = partition;
    const again = readSignaturePartition(
      writeSignaturePartition({ rootHash, signature, certificateFingerprint }),
    );
    assert.deepEqual(again, { ...partition, certificateFingerprint, unknownKeys: [] });
  },
};
