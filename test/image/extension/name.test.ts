import { describe, expect, it } from 'vitest';
import { CONFEXT, SYSEXT } from '../../../src/image/extension/kind.ts';
import { extensionNameProblem, releaseFileName } from '../../../src/image/extension/name.ts';

describe('the name of an extension', () => {
  it.each(['grype', 'k3s-v1.29.2+k3s1', 'foo_1.2', 'Grün', 'a b', '.hidden', 'x'.repeat(237)])(
    'may be %s',
    (name) => {
      expect(extensionNameProblem(name, SYSEXT)).toBeUndefined();
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
    expect(extensionNameProblem(name, SYSEXT)?.reason).toMatch(reason);
  });

  it('is judged by its class', () => {
    expect(extensionNameProblem('a.confext', SYSEXT)).toBeUndefined();
    expect(extensionNameProblem('a.confext', CONFEXT)?.reason).toMatch(/ends in '\.confext'/);
  });

  it('names the release file', () => {
    expect(releaseFileName('k3s')).toBe('extension-release.k3s');
  });
});
