import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SourceError } from '../../src/source/error.ts';
import { readAuthFile, storedCredentials } from '../../src/source/registry/auth-file.ts';
import type { Target } from '../engine/target.ts';
import { documents } from '../seeds/text.ts';

const directory = mkdtempSync(join(tmpdir(), 'auth-file-'));
process.once('exit', () => rmSync(directory, { recursive: true }));
const path = join(directory, 'config.json');

/** Docker's file of credentials; what is refused does not show what is in it. */
export const target: Target = {
  sizeMax: 4096,
  seeds: () =>
    documents(
      {
        auths: { 'registry.example': { auth: Buffer.from('user:word\0').toString('base64') } },
        credsStore: 'x',
      },
      {
        auths: { 'https://index.docker.io/v1/': { username: 'u', password: 'p' }, 'registry.example/a': {} },
      },
      { auths: { 'registry.example': { identitytoken: 't', registrytoken: null } }, credHelpers: { a: 'b' } },
    ),
  dictionary: ['null', '__proto__', 'registry.example/a/b', 'https://registry.example/v2/', '{}'],
  async run(input) {
    writeFileSync(path, input);
    try {
      const file = await readAuthFile(path);
      assert(file !== undefined);
      for (const registry of ['registry.example', 'docker.io']) {
        const found = storedCredentials(file, registry, 'a/b');
        if (found?.kind === 'password') assert(found.username !== '', 'a user without a name');
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      assert.equal(error.cause, undefined, 'the cause may quote a secret');
      throw error;
    }
  },
};
