import { expect, test } from 'vitest';
import { utf8ByteString } from '../../../src/base/byte-string.ts';
import { CONFEXT, SYSEXT } from '../../../src/image/extension/kind.ts';
import { checkImageFileName } from '../../../src/node/store/image-file-name.ts';

test.each(['k3s.raw', 'k3s.sysext.raw', utf8ByteString('käse 1.raw')])(
  '%s may be the name of an image',
  (name) => {
    expect(() => checkImageFileName(name, SYSEXT)).not.toThrow();
  },
);

test.each([
  ['k3s.img', /does not end in \.raw/],
  ['k3s', /does not end in \.raw/],
  ['.k3s.raw', /begins with a dot/],
  ['.raw', /begins with a dot/],
  ['a\nb.raw', /control characters/],
  ['../../x.raw', /a slash/],
  ['\xff.raw', /not in UTF-8/],
  [`${'x'.repeat(240)}.raw`, /more than 240 bytes/],
  ['k3s.confext.raw', /use kairos-agent confext/],
  ['', /does not end in \.raw/],
])('%j may not', (name, message) => {
  expect(() => checkImageFileName(name, SYSEXT)).toThrow(message);
});

test('an image of the other class is sent there', () => {
  expect(() => checkImageFileName('a.sysext.raw', CONFEXT)).toThrow(/use kairos-agent sysext/);
});
