import { strict as assert } from 'node:assert';
import { byteString } from '../../src/base/byte-string.ts';
import { releaseProblem } from '../../src/build/extension-release.ts';
import { SYSEXT } from '../../src/image/extension/kind.ts';
import { formatRelease, parseRelease } from '../../src/image/extension/release.ts';
import type { Target } from '../engine/target.ts';
import { texts } from '../seeds/text.ts';

/** An os-release file; one that is read and written again is the same. */
export const target: Target = {
  seeds: () =>
    texts(
      'ID=_any\nARCHITECTURE=x86-64\n',
      '# comment\nID=debian\nVERSION_ID="12"\nNAME=\'a b\'\nSYSEXT_LEVEL="1\\"2\\$"\nSYSEXT_SCOPE=system\n\n;x\nURL=a\\ b\n',
      'NAME="é"\r\n  ID=x  \nID=y',
    ),
  run(input) {
    const release = parseRelease(byteString(input));
    releaseProblem(release, SYSEXT, 'x86-64');
    if (release === undefined) return;
    const again = parseRelease(formatRelease(release));
    assert.deepEqual(again, release);
  },
};
