import { strict as assert } from 'node:assert';
import { readSignedData } from '../../src/trust/pkcs7/signed-data.ts';
import { describeSigners, verifySignature } from '../../src/trust/verify-signature.ts';
import type { Target } from '../engine/target.ts';
import { fixtures } from '../seeds/fixtures.ts';
import { NOW, trustIn } from '../seeds/trust.ts';

/** What the signatures of the tests are of. */
const ROOT_HASH = '0123456789abcdef'.repeat(4);

const trusted = await trustIn('ec-p256', 'rsa');
const genuine = fixtures('test/fixtures/signature', '.p7s');
const signatures = (await Promise.all(genuine.map(readSignedData))).map(
  ({ signers }) => signers[0]!.signature,
);

/** A detached signature; none is accepted but one that the holder of a trusted key made. */
export const target: Target = {
  sizeMax: 8 * 1024,
  seeds: () => genuine,
  async run(input) {
    const request = { signature: input, rootHash: ROOT_HASH, checkExpiry: false, now: NOW };
    const verdict = await verifySignature({ ...request, trusted });
    const isAccepted = verdict.findings.every(({ level }) => level !== 'error');
    if (isAccepted) {
      assert(verdict.acceptedBy !== undefined, 'accepted by nobody');
      assert(
        signatures.some((signature) => Buffer.from(input).includes(Buffer.from(signature))),
        'a forged signature',
      );
    }
    const ofAnother = await verifySignature({ ...request, trusted, rootHash: 'ff'.repeat(32) });
    assert(
      ofAnother.findings.some(({ level }) => level === 'error'),
      'the root hash does not matter',
    );
    const byAnybody = await verifySignature({ ...request, trusted: undefined });
    assert.equal(byAnybody.acceptedBy, undefined);
    await readSignedData(input);
    await describeSigners(input);
  },
};
