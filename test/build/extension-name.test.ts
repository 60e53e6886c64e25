import { describe, expect, it } from 'vitest';
import { checkExtensionName } from '../../src/build/extension-name.ts';
import { CONFEXT, SYSEXT } from '../../src/image/extension/kind.ts';

describe('the name of an extension', () => {
  it.each(['grype', 'k3s-v1.29.2+k3s1', 'foo_1.2', 'Grün', 'a b', '.hidden', 'x'.repeat(237)])(
    'may be %s',
    (name) => {
      expect(() => checkExtensionName(name, SYSEXT)).not.toThrow();
    },
  );

  it.each([
    ['', /is empty/],
    ['.', /names a directory/],
    ['..', /names a directory/],
    ['../x', /contains a slash/],
    ['a/b', /contains a slash/],
    ['a\nb', /contains a control character/],
    ['a\x1b[2J', /contains a control character/],
    ['\ud800', /not valid UTF-8/],
    ['.#x', /systemd ignores/],
    ['grype.raw', /ends in '\.raw'/],
    ['grype.sysext.raw', /ends in '\.raw'/],
    ['grype.sysext', /ends in '\.sysext'/],
    ['x'.repeat(238), /longer than 255 bytes/],
    ['ü'.repeat(119), /longer than 255 bytes/],
  ])('may not be %j', (name, reason) => {
    expect(() => checkExtensionName(name, SYSEXT)).toThrow(reason);
    expect(() => checkExtensionName(name, SYSEXT)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it('is judged by its class', () => {
    expect(() => checkExtensionName('a.confext', SYSEXT)).not.toThrow();
    expect(() => checkExtensionName('a.confext', CONFEXT)).toThrow(/ends in '\.confext'/);
  });
});
