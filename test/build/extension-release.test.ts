import { describe, expect, it } from 'vitest';
import { byteString } from '../../src/base/byte-string.ts';
import { BuildError } from '../../src/build/error.ts';
import {
  checkReleaseFields,
  defaultRelease,
  releaseProblem,
  withFields,
} from '../../src/build/extension-release.ts';
import { FindingCollector } from '../../src/build/findings.ts';
import { ReleaseFile } from '../../src/build/release-file.ts';
import { CONFEXT, SYSEXT } from '../../src/image/extension/kind.ts';
import { formatRelease, parseRelease } from '../../src/image/extension/release.ts';

describe('extension-release', () => {
  it('is ID=_any and the architecture unless told otherwise', () => {
    expect(formatRelease(defaultRelease(SYSEXT, 'x86-64', {}))).toBe('ID=_any\nARCHITECTURE=x86-64\n');
  });

  it('holds every field of the command line, by the names of its class', () => {
    const fields = {
      id: 'flatcar',
      versionId: '4081.2.0',
      level: '1.0',
      scope: 'system,initrd',
      reloadManager: true,
    };
    expect(formatRelease(defaultRelease(SYSEXT, 'arm64', fields))).toBe(
      'ID=flatcar\nVERSION_ID=4081.2.0\nARCHITECTURE=arm64\nSYSEXT_LEVEL=1.0\nSYSEXT_SCOPE="system initrd"\nEXTENSION_RELOAD_MANAGER=1\n',
    );
    expect(formatRelease(defaultRelease(CONFEXT, 'arm64', { level: '2' }))).toContain('CONFEXT_LEVEL=2\n');
  });

  it.each([
    ['ARCHITECTURE=arm64', /ARCHITECTURE is 'arm64', not 'x86-64'/],
    ['ID=', /no ID/],
    ['SYSEXT_SCOPE=""', /SYSEXT_SCOPE is empty/],
    ['ID="a', /ID holds a control character/],
  ])('says that %s would never be merged', (line, reason) => {
    expect(releaseProblem(parseRelease(`ID=a\n${line}\n`), SYSEXT, 'x86-64')).toMatch(reason);
  });

  it('accepts any ID, no ARCHITECTURE, and _any', () => {
    for (const text of ['ID=flatcar\n', 'ID=_any\nARCHITECTURE=_any\n', 'ID=a\nARCHITECTURE=x86-64\n']) {
      expect(releaseProblem(parseRelease(text), SYSEXT, 'x86-64')).toBeUndefined();
    }
  });

  it.each([
    { id: 'Debian Linux' },
    { versionId: 'a\nb' },
    { level: '' },
    { scope: 'system,moon' },
    { scope: ' ' },
  ])('refuses the field %j', (fields) => {
    expect(() => checkReleaseFields(fields)).toThrow(BuildError);
  });

  it('keeps the other fields when some are set', () => {
    const own = parseRelease('ID=a\nSYSEXT_ID=mine\n')!;
    expect(Object.fromEntries(withFields(own, SYSEXT, { reloadManager: true }))).toEqual({
      ID: 'a',
      SYSEXT_ID: 'mine',
      EXTENSION_RELOAD_MANAGER: '1',
    });
  });
});

describe("a layer's own extension-release file", () => {
  const options = { kind: SYSEXT, name: 'k3s', architecture: 'x86-64' };
  const bytes = (text: string) => new TextEncoder().encode(text);

  it('is kept byte for byte when systemd could accept it', () => {
    const findings = new FindingCollector();
    const own = bytes('# ours\nID=_any\nSYSEXT_PRETTY_NAME="k3s"\n');
    expect(new ReleaseFile({ ...options, release: {} }, findings).replace(own)).toBe(own);
    expect(findings.all(['usr'])).toMatchObject([{ code: 'release-kept', level: 'note' }]);
  });

  it('gets the fields of the command line', () => {
    const release = { reloadManager: true };
    const result = new ReleaseFile({ ...options, release }, new FindingCollector()).replace(
      bytes('ID=a\nX=1\n'),
    );
    expect(byteString(result)).toBe('ID=a\nX=1\nEXTENSION_RELOAD_MANAGER=1\n');
  });

  it('is replaced, with a warning that says why, when systemd never could', () => {
    const findings = new FindingCollector();
    const file = new ReleaseFile({ ...options, release: {} }, findings);
    expect(byteString(file.replace(bytes('ID=_any\nARCHITECTURE=arm64\n')))).toBe(
      'ID=_any\nARCHITECTURE=x86-64\n',
    );
    expect(findings.all(['usr'])).toMatchObject([
      {
        code: 'release-replaced',
        level: 'warning',
        message: expect.stringMatching(/ARCHITECTURE is 'arm64'/),
      },
    ]);
  });
});
