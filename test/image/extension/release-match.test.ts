import { describe, expect, it } from 'vitest';
import { CONFEXT, SYSEXT } from '../../../src/image/extension/kind.ts';
import { parseRelease } from '../../../src/image/extension/release.ts';
import { hostRelease, type MatchRequest, matchRelease } from '../../../src/image/extension/release-match.ts';

const DEBIAN = { id: 'debian', versionId: '13', architecture: 'x86-64' };

function match(release: string | undefined, given: Partial<MatchRequest> = {}) {
  return matchRelease({
    kind: SYSEXT,
    release: release === undefined ? undefined : parseRelease(release),
    host: DEBIAN,
    scope: 'system',
    ...given,
  });
}

describe('an extension and a host', () => {
  it.each([
    ['ID=_any', 'match-any'],
    ['ID=_any\nVERSION_ID=1\nSYSEXT_LEVEL=7', 'match-any'],
    ['ID=debian\nVERSION_ID=13', 'match-version'],
    ['ID=debian\nVERSION_ID=13\nARCHITECTURE=x86-64', 'match-version'],
    ['ID=debian\nVERSION_ID=13\nARCHITECTURE=_any', 'match-version'],
    ['ID=debian\nVERSION_ID=13\nARCHITECTURE=', 'match-version'],
    ['ID=debian\nVERSION_ID=13\nSYSEXT_LEVEL=1', 'match-version'],
    ['ID=_any\nSYSEXT_SCOPE="initrd system"', 'match-any'],
  ])('%j match: %s', (release, code) => {
    expect(match(release)).toMatchObject({ matches: true, code });
  });

  it.each([
    [undefined, 'no-release', /no release file/],
    ['', 'no-release', /empty/],
    ['ID=_any\nSYSEXT_SCOPE=initrd', 'wrong-scope', /for 'initrd' \(SYSEXT_SCOPE\), not for 'system'/],
    ['ID=_any\nSYSEXT_SCOPE=', 'wrong-scope', /for no scope/],
    ['ID=_any\nARCHITECTURE=arm64', 'wrong-architecture', /'arm64' machines .*, the host is 'x86-64'/],
    ['ID=_any\nARCHITECTURE=x86_64', 'wrong-architecture', /'x86_64'/],
    ['VERSION_ID=13', 'no-id', /no ID/],
    ['ID=', 'no-id', /no ID/],
    ['ID=fedora\nVERSION_ID=13', 'wrong-os', /'fedora' \(ID\), the host is 'debian'/],
    ['ID=debian', 'no-version', /no VERSION_ID, the host has '13'/],
    ['ID=debian\nVERSION_ID=13.0', 'wrong-version', /'13.0' \(VERSION_ID\), the host has '13'/],
    ['ID="a\x1b[2J"', 'wrong-os', /'a\\x1b\[2J'/],
  ])('%j do not match: %s', (release, code, reason) => {
    expect(match(release)).toMatchObject({ matches: false, code, reason: expect.stringMatching(reason) });
  });

  it('compares levels where both have one, and the version then not', () => {
    const host = { ...DEBIAN, level: '2' };
    expect(match('ID=debian\nVERSION_ID=99\nSYSEXT_LEVEL=2', { host }).code).toBe('match-level');
    expect(match('ID=debian\nVERSION_ID=13\nSYSEXT_LEVEL=3', { host }).code).toBe('wrong-level');
    expect(match('ID=debian\nVERSION_ID=13', { host }).code).toBe('match-version');
    expect(match('ID=debian\nVERSION_ID=12', { host }).code).toBe('wrong-version');
  });

  it('compares nothing with a host that has a level only, if the extension has none', () => {
    const host = { id: 'debian', level: '2' };
    expect(match('ID=debian\nVERSION_ID=99', { host }).code).toBe('match-unversioned');
  });

  it('compares nothing with a rolling release but ID', () => {
    expect(match('ID=arch\nVERSION_ID=99', { host: { id: 'arch' } }).code).toBe('match-rolling');
    expect(match('ID=arch', { host: { id: 'arch', versionId: '' } }).code).toBe('match-rolling');
  });

  it('takes the words of ID_LIKE from systemd 257.8 on', () => {
    const host = { id: 'ubuntu', idLike: 'debian  linux', versionId: '13' };
    const release = 'ID=debian\nVERSION_ID=13';
    expect(match(release, { host }).code).toBe('match-version');
    expect(match(release, { host, systemdVersion: '258' }).code).toBe('match-version');
    expect(match(release, { host, systemdVersion: '257.7-1' }).code).toBe('wrong-os');
    expect(match(release, { host, systemdVersion: '252.39-1~deb12u1' }).code).toBe('wrong-os');
    expect(match('ID=debian linux\nVERSION_ID=13', { host }).code).toBe('wrong-os');
  });

  it('is for systems and portable services unless it says more', () => {
    expect(match('ID=_any', { scope: 'initrd' }).code).toBe('wrong-scope');
    expect(match('ID=_any', { scope: 'portable' }).code).toBe('match-any');
  });

  it('uses the fields of its class', () => {
    const host = hostRelease(parseRelease('ID=a\nSYSEXT_LEVEL=1\nCONFEXT_LEVEL=2\n')!, CONFEXT, 'arm64');
    expect(host).toEqual({
      id: 'a',
      idLike: undefined,
      versionId: undefined,
      level: '2',
      architecture: 'arm64',
    });
    expect(match('ID=a\nCONFEXT_LEVEL=2\nSYSEXT_LEVEL=9', { kind: CONFEXT, host }).code).toBe('match-level');
    expect(match('ID=a\nCONFEXT_SCOPE=initrd', { kind: CONFEXT, host }).code).toBe('wrong-scope');
  });

  it('cannot be matched if the host has no ID, or only by architecture if that is known', () => {
    expect(match('ID=_any', { host: { id: '' } }).code).toBe('host-without-id');
    expect(match('ID=_any\nARCHITECTURE=arm64', { host: { id: 'a' } }).matches).toBe(true);
  });
});
