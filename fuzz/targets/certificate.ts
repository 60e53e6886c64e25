import { strict as assert } from 'node:assert';
import { CodedError } from '../../src/base/error.ts';
import { readCertificate } from '../../src/trust/certificate.ts';
import { certificateWarnings } from '../../src/trust/certificate-warnings.ts';
import { readPrivateKey } from '../../src/trust/private-key.ts';
import type { Target } from '../engine/target.ts';
import { fixtures } from '../seeds/fixtures.ts';

const NOW = new Date(1_700_000_000_000);

/** A file with a certificate or a private key, PEM or DER. */
export const target: Target = {
  sizeMax: 8 * 1024,
  seeds: () => [
    ...fixtures('test/trust/fixtures', '.pem', '.der', '.key').filter(({ length }) => length < 4096),
    ...fixtures('test/fixtures/signature', '.crt'),
  ],
  dictionary: [
    '-----BEGIN CERTIFICATE-----\n',
    '-----END CERTIFICATE-----\n',
    '-----BEGIN ',
    'PRIVATE KEY-----',
  ],
  async run(input) {
    const refusals = [
      await refusalOf(async () => {
        const certificate = readCertificate(input, 'x');
        assert.deepEqual(readCertificate(certificate.raw, 'x').raw, certificate.raw);
        await certificateWarnings(certificate, 'x', NOW);
      }),
      await refusalOf(() => readPrivateKey(input, 'x', async () => 'wrong')),
    ];
    if (refusals[0] !== undefined) throw refusals[0];
  },
};

async function refusalOf(read: () => Promise<unknown>): Promise<CodedError | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}
