import { expect, test } from 'vitest';
import { utf8ByteString } from '../../../src/base/byte-string.ts';
import { parseImageUri } from '../../../src/node/download/uri.ts';

test.each([
  ['https://example.org/extensions/k3sv1.32.1.raw', 'k3sv1.32.1.raw'],
  ['HTTP://example.org/a/b.raw?token=x/y.raw#z', 'b.raw'],
  ['https://example.org/k%C3%A4se%20.raw', utf8ByteString('käse .raw')],
  ['https://example.org/..%2F..%2Fx.raw', '../../x.raw'],
  ['file:///tmp/100%25%20k%C3%A4se.raw?x=/y#z', utf8ByteString('100% käse.raw')],
  ['file:///tmp/%2e%2e%2fx.raw', 'x.raw'],
  ['https://example.org/%ff.raw', '\xff.raw'],
  ['file://localhost/tmp/a.raw', 'a.raw'],
  ['file:/tmp/a.raw', 'a.raw'],
  ['https://example.org/', undefined],
])('%s names the file %j', (text, fileName) => {
  expect(parseImageUri(text)).toMatchObject({ fileName });
});

test.each([
  ['oci://registry.example.org/k3s:1', 'registry.example.org/k3s:1'],
  ['oci:registry.example.org/k3s:1', 'registry.example.org/k3s:1'],
  ['docker://k3s', 'k3s'],
  ['container:k3s@sha256:00', 'k3s@sha256:00'],
])('%s names a container image', (text, reference) => {
  expect(parseImageUri(text)).toEqual({ scheme: 'oci', reference });
});

test.each([
  '',
  'k3s.raw',
  '/tmp/k3s.raw',
  'ftp://x/y.raw',
  'file://host/x.raw',
  'file:x.raw',
  'file:///tmp/100%.raw',
  'file:///tmp/a%00.raw',
  'https://x/a\nb.raw',
  'https://x/a b.raw',
  'https://',
  'https:///%zz',
  'https://x/%zz.raw',
  'oci://',
  `https://x/${'y'.repeat(9000)}`,
  'javascript:alert(1)',
])('%j is refused', (text) => {
  expect(() => parseImageUri(text)).toThrow(expect.objectContaining({ code: 'bad-uri', exitCode: 2 }));
});
