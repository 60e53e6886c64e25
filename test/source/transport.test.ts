import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceError } from '../../src/source/error.ts';
import { parseTransport } from '../../src/source/transport.ts';

describe('parseTransport', () => {
  it.each([
    ['alpine', { transport: 'reference', reference: 'alpine' }],
    ['alpine:3.19', { transport: 'reference', reference: 'alpine:3.19' }],
    ['localhost:5000/app:1', { transport: 'reference', reference: 'localhost:5000/app:1' }],
    ['docker://alpine:3.19', { transport: 'docker', reference: 'alpine:3.19' }],
    ['docker-daemon:app:1', { transport: 'docker-daemon', reference: 'app:1' }],
    ['docker-archive:a.tar', { transport: 'docker-archive', file: 'a.tar', reference: undefined }],
    [
      'docker-archive:a.tar:host:5000/app:1',
      { transport: 'docker-archive', file: 'a.tar', reference: 'host:5000/app:1' },
    ],
    ['oci:dir', { transport: 'oci', directory: 'dir', tag: undefined }],
    ['oci:./dir:v1', { transport: 'oci', directory: './dir', tag: 'v1' }],
    ['oci:a:b/c', { transport: 'oci', directory: 'a:b/c', tag: undefined }],
    ['oci:dir:', { transport: 'oci', directory: 'dir', tag: undefined }],
    ['oci-archive:x.tar:v1', { transport: 'oci-archive', file: 'x.tar', tag: 'v1' }],
    ['dir:/a:b', { transport: 'dir', path: '/a:b' }],
    ['tar:-', { transport: 'tar', file: '-' }],
  ])('%s', (text, transport) => expect(parseTransport(text)).toEqual(transport));

  it.each([
    ['', /the source is empty/],
    ['docker:alpine', /lacks the slashes/],
    ['docker://', /names no image reference/],
    ['dir:', /names no directory/],
    ['tar:', /names no file/],
    ['oci::v1', /names no directory/],
    ['containers-storage:x', /transport of 'containers-storage:x' is not known/],
    ['https://example.com/x', /is not known/],
    ['dir:a\0b', /NUL byte/],
  ])('refuses %j', (text, message) => {
    expect(() => parseTransport(text)).toThrow(message);
    expect(() => parseTransport(text)).toThrow(
      expect.objectContaining({ exitCode: 2, hint: expect.any(String) }),
    );
  });

  it('answers any text with a transport or a SourceError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `oci:${text}`),
        ),
        (text) => {
          try {
            parseTransport(text);
          } catch (error) {
            expect(error).toBeInstanceOf(SourceError);
          }
        },
      ),
    );
  });
});
