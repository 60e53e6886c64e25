import { describe, expect, it } from 'vitest';
import { byteString, utf8ByteString } from '../../src/base/byte-string.ts';
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
    ['plain', 'ID=debian\nVERSION_ID=12\n', { ID: 'debian', VERSION_ID: '12' }],
    ['quoted', 'ID="debian"\nNAME=\'a b\'\n', { ID: 'debian', NAME: 'a b' }],
    ['escaped', 'NAME="a \\"b\\" \\$c"\n', { NAME: 'a "b" $c' }],
    ['comments and blank lines', '# x\n\n  ; y\nID=a\n', { ID: 'a' }],
    ['the last of two wins', 'ID=a\nID=b', { ID: 'b' }],
    ['UTF-8', 'NAME="Grün"\n', { NAME: 'Grün' }],
  ])('reads %s', (_, text, fields) => {
    expect(Object.fromEntries(parseRelease(utf8ByteString(text))!)).toEqual(fields);
  });

  it.each([
    ['no assignment', 'hello\n'],
    ['an open quote', 'ID="a\n'],
    ['a NUL', 'ID=a\0\n'],
    ['bytes that are no UTF-8', 'ID=\xff\n'],
  ])('takes %s for no os-release file', (_, text) => {
    expect(parseRelease(text)).toBeUndefined();
  });

  it('writes what it reads', () => {
    const release = new Map([
      ['ID', 'a'],
      ['NAME', 'x "y" $z `w` \\v'],
      ['URL', 'https://example.com/?a=b#c'],
    ]);
    expect(parseRelease(formatRelease(release))).toEqual(release);
  });

  it.each([
    ['ARCHITECTURE=arm64', /ARCHITECTURE is 'arm64', not 'x86-64'/],
    ['ID=', /no ID/],
    ['SYSEXT_SCOPE=""', /SYSEXT_SCOPE is empty/],
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
