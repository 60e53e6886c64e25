import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signDetached } from '../../src/image/signature/detached-signature.ts';
import { loadSigner } from '../../src/trust/signing-key.ts';
import { fixturePath } from '../trust/fixture.ts';

const CONTENT = '0123456789abcdef'.repeat(4);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'signing-key-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Verifies as systemd does: the exact certificate, no chain. Throws when openssl refuses. */
function verify(signature: string, content: string, certificate: string): string {
  const trust = ['-noverify', '-nointern', '-certfile', fixturePath(certificate)];
  const input = ['-inform', 'DER', '-in', signature, '-content', content, '-binary'];
  return execFileSync('openssl', ['cms', '-verify', ...input, ...trust], { encoding: 'utf8', stdio: 'pipe' });
}

test.each([
  ['rsa-pkcs1-encrypted.key', 'rsa.pem', 'ec-p256.pem'],
  ['rsa-pkcs8-encrypted.key', 'rsa.der', 'ec-p256.pem'],
  ['ec-p256-sec1-encrypted.key', 'ec-p256.pem', 'rsa.pem'],
  ['ec-p384-pkcs8.key', 'ec-p384.pem', 'ec-p256.pem'],
])(
  'openssl accepts what %s signs, for its certificate and its content only',
  async (key, certificate, other) => {
    const { signer } = await loadSigner({
      keyFile: fixturePath(key),
      certificateFile: fixturePath(certificate),
      passphrase: async () => 'secret',
    });
    const path = (name: string) => join(directory, name);
    writeFileSync(path('content'), CONTENT);
    writeFileSync(path('changed'), CONTENT.replace('0', '1'));
    writeFileSync(path('signature'), await signDetached(new TextEncoder().encode(CONTENT), signer));
    expect(verify(path('signature'), path('content'), certificate)).toBe(CONTENT);
    expect(() => verify(path('signature'), path('changed'), certificate)).toThrow(
      /verification failure|digest/,
    );
    expect(() => verify(path('signature'), path('content'), other)).toThrow(/signer certificate not found/);
  },
);
