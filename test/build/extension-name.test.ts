import { describe, expect, it } from 'vitest';
import { BuildError } from '../../src/build/error.ts';
import { checkExtensionName } from '../../src/build/extension-name.ts';
import { SYSEXT } from '../../src/image/extension/kind.ts';

describe('NAME', () => {
  it('may be the name of an extension', () => {
    expect(() => checkExtensionName('k3s-v1.29.2+k3s1', SYSEXT)).not.toThrow();
  });

  it('is wrong usage if it cannot be one, with the rule that is broken and what to do', () => {
    const check = () => checkExtensionName('a\x1b', SYSEXT);
    expect(check).toThrow(BuildError);
    expect(check).toThrow("the name 'a\\x1b' cannot be used: it contains a control character");
    expect(check).toThrow(
      expect.objectContaining({ exitCode: 2, hint: expect.stringMatching(/k3s-1\.32\.1/) }),
    );
    expect(() => checkExtensionName('grype.raw', SYSEXT)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/leave '\.raw' out/) }),
    );
  });
});
