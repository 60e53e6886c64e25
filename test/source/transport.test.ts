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
    ['docker:24', /lacks the slashes/],
    ['docker-daemon:', /names no image reference/],
    ['docker-archive::app', /names no file/],
    ['docker-archive:a.tar:', /names no image reference/],
    ['docker-reference:x', /is not known/],
    ['ostree:x', /is not known/],
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

  it('has a way to write the image named docker', () => {
    expect(() => parseTransport('docker:24')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('docker.io/library/docker:24') }),
    );
    const reference = 'docker.io/library/docker:24';
    expect(parseTransport(reference)).toEqual({ transport: 'reference', reference });
  });

  const name = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8}){0,2}$/);
  const file = fc.stringMatching(/^[./A-Za-z0-9_-]{1,20}$/);

  it('takes a host with a port for no transport', () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65_535 }), name, name, (host, port, path, tag) => {
        const reference = `${host}:${port}/${path}:${tag}`;
        expect(parseTransport(reference)).toEqual({ transport: 'reference', reference });
      }),
    );
  });

  it('gives back the file and what is in it', () => {
    fc.assert(
      fc.property(file, name, name, (path, image, tag) => {
        const reference = `host:5000/${image}:${tag}`;
        expect(parseTransport(`docker-archive:${path}:${reference}`)).toEqual({
          transport: 'docker-archive',
          file: path,
          reference,
        });
        expect(parseTransport(`oci:${path}:${tag}`)).toEqual({ transport: 'oci', directory: path, tag });
        expect(parseTransport(`oci-archive:${path}`)).toEqual({
          transport: 'oci-archive',
          file: path,
          tag: undefined,
        });
      }),
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
