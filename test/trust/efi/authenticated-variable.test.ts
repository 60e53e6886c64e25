import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { KEY_VARIABLE_ATTRIBUTES } from '../../../src/trust/efi/authenticated-variable/layout.ts';
import {
  type VariableUpdate,
  writeAuthenticatedVariable,
} from '../../../src/trust/efi/authenticated-variable/write.ts';
import { KEY_VARIABLE_VENDORS } from '../../../src/trust/efi/key-variables.ts';
import { createSigner } from '../../../src/trust/signer.ts';
import { fixture } from '../fixture.ts';

const names = { key: 'key', certificate: 'certificate' };
const signer = createSigner(
  createPrivateKey(fixture('rsa-pkcs8.key')),
  new X509Certificate(fixture('rsa.pem')),
  names,
);
const update: VariableUpdate = {
  name: 'KEK',
  vendor: KEY_VARIABLE_VENDORS.KEK,
  attributes: KEY_VARIABLE_ATTRIBUTES,
  timestamp: new Date('2026-01-02T03:04:05.999Z'),
  data: fixture('rsa.esl'),
};

test('equals what sign-efi-sig-list writes, byte for byte', async () => {
  const bytes = await writeAuthenticatedVariable(update, signer);
  expect(Buffer.from(bytes).equals(fixture('rsa-KEK.auth'))).toBe(true);
});

test.each([
  { name: 'PK' },
  { vendor: KEY_VARIABLE_VENDORS.db },
  { attributes: KEY_VARIABLE_ATTRIBUTES | 0x40 },
  { timestamp: new Date('2026-01-02T03:04:06Z') },
  { data: new Uint8Array() },
])('the signature covers %o', async (change) => {
  // The signature is the last thing in the SignedData, so it precedes the data.
  const signature = async (value: VariableUpdate) =>
    Buffer.from(await writeAuthenticatedVariable(value, signer))
      .subarray(0, -value.data.length || undefined)
      .subarray(-256);
  expect((await signature({ ...update, ...change })).equals(await signature(update))).toBe(false);
});

test('an EC key signs too', async () => {
  const ec = createSigner(
    createPrivateKey(fixture('ec-p256-sec1.key')),
    new X509Certificate(fixture('ec-p256.pem')),
    names,
  );
  const bytes = Buffer.from(await writeAuthenticatedVariable(update, ec));
  // ecdsa-with-SHA256 without parameters, in a SEQUENCE of its own.
  expect(bytes.includes(Buffer.from('300a06082a8648ce3d040302', 'hex'))).toBe(true);
});

test.each(['1899-12-31T23:59:59Z', '+010000-01-01T00:00:00Z', 'never'])(
  'the time %s cannot be represented',
  async (time) => {
    await expect(
      writeAuthenticatedVariable({ ...update, timestamp: new Date(time) }, signer),
    ).rejects.toThrow(RangeError);
  },
);
