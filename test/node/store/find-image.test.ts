import { expect, test } from 'vitest';
import { utf8ByteString } from '../../../src/base/byte-string.ts';
import { SYSEXT } from '../../../src/image/extension/kind.ts';
import { findImage } from '../../../src/node/store/find-image.ts';

const names = [
  'tailscale.sysext.raw',
  'tailscale-agent.sysext.raw',
  'k3sv1.32.1.raw',
  utf8ByteString('bär.raw'),
];
const find = (name: string) => findImage(names, utf8ByteString(name), SYSEXT);

test('the exact name of a file or an extension wins over patterns', () => {
  expect(find('tailscale')).toBe('tailscale.sysext.raw');
  expect(find('tailscale.sysext.raw')).toBe('tailscale.sysext.raw');
  expect(find('tailscale-agent')).toBe('tailscale-agent.sysext.raw');
});

test('else a regular expression is searched in the file names', () => {
  expect(find('k3s')).toBe('k3sv1.32.1.raw');
  expect(find('^k3s.*1\\.raw$')).toBe('k3sv1.32.1.raw');
  expect(find('b.r')).toBe(utf8ByteString('bär.raw'));
});

test.each([
  ['tail', 'ambiguous', /'tail' fits 2 extensions: tailscale\.sysext\.raw, tailscale-agent\.sysext\.raw/],
  ['docker', 'not-found', /there is no sysext 'docker' in the store/],
  ['(', 'bad-name', /no regular expression/],
  ['', 'bad-name', /the name is empty/],
  ['a\nb', 'not-found', /'a\\x0ab'/],
  [`${'(x+x+)+'.repeat(100)}y`, 'not-found', /there is no sysext/],
])('%s is %s', (name, code, message) => {
  expect(() => find(name)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test('two files of the same extension are told apart by their file names', () => {
  const twins = ['foo.raw', 'foo.sysext.raw'];
  expect(() => findImage(twins, 'foo', SYSEXT)).toThrow(/fits 2 extensions: foo\.raw, foo\.sysext\.raw/);
  expect(findImage(twins, 'foo.raw', SYSEXT)).toBe('foo.raw');
});

test('no name at all means no extension, though there is only one', () => {
  expect(() => findImage(['only.raw'], '', SYSEXT)).toThrow(expect.objectContaining({ code: 'bad-name' }));
});
