import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY_VARIABLE_VENDORS } from '../../src/trust/efi/key-variables.ts';
import { TrustError } from '../../src/trust/error.ts';
import { firmwareVariables } from '../../src/trust/stores/firmware-variables.ts';
import type { Target } from '../engine/target.ts';
import { fixtures } from '../seeds/fixtures.ts';

const directory = mkdtempSync(join(tmpdir(), 'efivars-'));
process.once('exit', () => rmSync(directory, { recursive: true }));

/** Variables as efivarfs shows them: an input is db and dbx. Who is trusted does not depend on a dbx that cannot be read. */
export const target: Target = {
  sizeMax: 8 * 1024,
  seeds: () => [
    // Attributes come first: non-volatile, at boot and at run time, time-based authentication.
    ...fixtures('test/trust/fixtures', '.esl').map((lists) => Uint8Array.from([0x27, 0, 0, 0, ...lists])),
    Uint8Array.from([0x27, 0, 0, 0]),
  ],
  async run(input) {
    for (const variable of ['db', 'dbx'] as const) {
      writeFileSync(join(directory, `${variable}-${KEY_VARIABLE_VENDORS[variable]}`), input);
    }
    const { certificates, findings } = await firmwareVariables(directory);
    const [error] = findings.filter(({ level }) => level === 'error');
    if (error === undefined) return;
    assert.equal(certificates.length, 0, 'somebody is trusted, whoever may be revoked');
    throw new TrustError('malformed', error.message);
  },
};
