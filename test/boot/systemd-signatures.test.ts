import { expect, test } from 'vitest';
import { failsOnUnknownSigner } from '../../src/boot/systemd-signatures.ts';
import { CONFEXT, SYSEXT } from '../../src/image/extension/kind.ts';
import { parseImagePolicy } from '../../src/image/policy/parse.ts';

test.each([
  // Its own policy takes signed and other images.
  [252, undefined, true],
  [257, undefined, true],
  [258, undefined, true],
  [259, undefined, false],
  [undefined, undefined, false],
  // The signature partition is not even looked at.
  [257, 'root=verity+absent:usr=verity+absent', false],
  [259, 'root=verity+absent:usr=verity+absent', false],
  // There are no policies before 254.
  [252, 'root=verity+absent:usr=verity+absent', true],
  [257, 'root=signed+absent:usr=signed+absent', true],
  [261, 'root=signed+absent:usr=signed+absent', true],
  [undefined, 'root=signed+absent', true],
  [261, 'root=signed+verity', false],
])('systemd %s with the policy %s fails over an unknown signer: %s', (version, policy, fails) => {
  const rules = {
    version,
    policy: policy === undefined ? undefined : parseImagePolicy(policy),
    environment: {},
  };
  expect(failsOnUnknownSigner({ kind: SYSEXT, ...rules })).toBe(fails);
  expect(failsOnUnknownSigner({ kind: CONFEXT, ...rules })).toBe(fails);
  expect(
    failsOnUnknownSigner({ kind: SYSEXT, ...rules, environment: { SYSTEMD_DISSECT_VERITY_SIGNATURE: '0' } }),
  ).toBe(false);
});
