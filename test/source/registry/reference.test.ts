import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  apiHost,
  familiarReference,
  formatReference,
  parseReference,
  sameImage,
} from '../../../src/source/registry/reference.ts';

const HEX = 'a1'.repeat(32);
const DIGEST = `sha256:${HEX}`;

describe('an image reference', () => {
  // As `docker image inspect` and github.com/distribution/reference's own tests read them.
  it.each([
    ['alpine', 'docker.io', 'library/alpine', 'latest', undefined],
    ['alpine:3.20', 'docker.io', 'library/alpine', '3.20', undefined],
    ['user/app', 'docker.io', 'user/app', 'latest', undefined],
    ['a/b/c:1', 'docker.io', 'a/b/c', '1', undefined],
    ['docker.io/alpine', 'docker.io', 'library/alpine', 'latest', undefined],
    ['index.docker.io/user/app', 'docker.io', 'user/app', 'latest', undefined],
    ['localhost/app', 'localhost', 'app', 'latest', undefined],
    ['localhost:5000/app:1', 'localhost:5000', 'app', '1', undefined],
    ['host:5000', 'docker.io', 'library/host', '5000', undefined],
    ['test.com/app:tag@sha256:', 'test.com', 'app', 'tag', DIGEST],
    ['test.com:8080/a__b/c-d.e_f', 'test.com:8080', 'a__b/c-d.e_f', 'latest', undefined],
    ['Upper/app', 'Upper', 'app', 'latest', undefined],
    ['xn--n3h.com/app', 'xn--n3h.com', 'app', 'latest', undefined],
    ['[2001:db8::1]:5000/app', '[2001:db8::1]:5000', 'app', 'latest', undefined],
    ['[::1]/app:1', '[::1]', 'app', '1', undefined],
    ['app@sha256:', 'docker.io', 'library/app', undefined, DIGEST],
    [`sha256:${HEX}`, 'docker.io', 'library/sha256', HEX, undefined],
    [`app:${'t'.repeat(128)}`, 'docker.io', 'library/app', 't'.repeat(128), undefined],
    [`h.io/${'a'.repeat(250)}`, 'h.io', 'a'.repeat(250), 'latest', undefined],
  ])('%s', (text, registry, repository, tag, digest) => {
    const full = text.replace(/@sha256:$/, `@${DIGEST}`);
    expect(parseReference(full)).toEqual({ registry, repository, tag, digest });
  });

  it('may have a digest of SHA-512', () => {
    const digest = `sha512:${'0'.repeat(128)}`;
    expect(parseReference(`app@${digest}`).digest).toBe(digest);
  });

  it.each([
    ['', /it is empty/],
    [':tag', /a part of its name is empty/],
    ['app:', /its tag '' is not allowed/],
    ['app:-x', /its tag '-x' is not allowed/],
    [`app:${'t'.repeat(129)}`, /its tag/],
    ['app:a/b/../c', /'a'|'\.\.'|is not allowed|wrong port|no registry/],
    ['App', /'App' has upper-case letters/],
    ['example.com/Team/app', /'Team' has upper-case letters/],
    ['a//b', /a part of its name is empty/],
    ['a/', /a part of its name is empty/],
    ['/a', /a part of its name is empty/],
    ['a..b', /'a\.\.b' is not allowed/],
    ['-a', /'-a' is not allowed/],
    ['a_', /'a_' is not allowed/],
    ['a___b', /'a___b' is not allowed/],
    ['https://example.com/app', /'https:' (is no registry|has a wrong port)/],
    ['example.com:0/app', /wrong port/],
    ['example.com:65536/app', /wrong port/],
    ['-example.com/app', /'-example\.com' is no registry's host name/],
    ['[::g]/app', /no registry/],
    ['user:pass@example.com/app', /is no digest/],
    ['app@sha256:abc', /'sha256:abc' is no digest/],
    [`app@md5:${'0'.repeat(32)}`, /is no digest/],
    [`app@${DIGEST.toUpperCase()}`, /is no digest/],
    [`app@__proto__:${HEX}`, /is no digest/],
    [HEX, /it looks like the ID of an image/],
    [`example.com/${'a'.repeat(244)}`, /longer than 255 characters/],
    ['app name', /'app name' is not allowed/],
    ['app\x1b[31m', /\\x1b\[31m/],
  ])('%j is refused, and the fault is said', (text, message) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({
        code: 'bad-reference',
        exitCode: 2,
        message: expect.stringMatching(message),
        hint: expect.any(String),
      }),
    );
  });

  const component = fc.stringMatching(/^[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/);
  const host = fc.stringMatching(/^[a-z0-9]{1,5}(\.[a-z0-9]{1,5}){1,2}(:[1-9][0-9]{0,3})?$/);
  const reference = fc.record({
    registry: fc.oneof(host, fc.constant('docker.io'), fc.constant('localhost')),
    repository: fc.array(component, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('/')),
    tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,9}$/),
    digest: fc.option(fc.constant(DIGEST), { nil: undefined }),
  });

  it('is the same when written in full and read again', () => {
    fc.assert(
      fc.property(reference, (value) => {
        expect(parseReference(formatReference(value))).toEqual(value);
      }),
    );
  });

  it('means the same as Docker shows it', () => {
    fc.assert(
      fc.property(reference, (value) => {
        const shown = parseReference(familiarReference(value));
        const expected = value.digest === undefined ? value : { ...value, tag: undefined };
        expect(sameImage(shown, expected)).toBe(true);
      }),
    );
    expect(familiarReference(parseReference('docker.io/library/alpine:3'))).toBe('alpine:3');
  });

  it('never fails but with an explanation', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aA0.:/@-_[]% \0\n') }), (text) => {
        try {
          parseReference(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-reference' });
        }
      }),
      { examples: [['a.b\nc/d']] },
    );
  });

  it('of Docker Hub is asked for at its API’s host', () => {
    expect(apiHost('docker.io')).toBe('registry-1.docker.io');
    expect(apiHost('quay.io')).toBe('quay.io');
  });
});
