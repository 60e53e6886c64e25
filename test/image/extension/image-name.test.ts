import { describe, expect, it } from 'vitest';
import { utf8ByteString } from '../../../src/base/byte-string.ts';
import {
  baseNameOf,
  dissectedNameOf,
  extensionNameOf,
  isImageName,
} from '../../../src/image/extension/image-name.ts';
import { CONFEXT, SYSEXT } from '../../../src/image/extension/kind.ts';

describe('the name of an extension from its file name', () => {
  it.each([
    ['k3s.raw', 'k3s'],
    ['k3s.sysext.raw', 'k3s'],
    ['k3s-v1.29.2+k3s1.sysext.raw', 'k3s-v1.29.2+k3s1'],
    ['a.confext.raw', 'a.confext'],
    ['a.sysext.sysext.raw', 'a.sysext'],
    ['a.raw.raw', 'a.raw'],
    ['.hidden.raw', '.hidden'],
    ['a b.raw', 'a b'],
  ])('%s is %s', (file, name) => {
    expect(extensionNameOf(file, SYSEXT)).toBe(name);
  });

  it.each([
    'a.img',
    'a.RAW',
    'a.raw.part',
    'a',
    '.#x.raw',
    '.raw',
    '.sysext.raw',
    '..raw',
    'a\n.raw',
    '\xff.raw',
  ])('%j is no image that systemd looks at', (file) => {
    expect(extensionNameOf(file, SYSEXT)).toBeUndefined();
  });

  it('takes off the suffix of its own class only', () => {
    expect(extensionNameOf('a.confext.raw', CONFEXT)).toBe('a');
    expect(extensionNameOf('a.sysext.raw', CONFEXT)).toBe('a.sysext');
  });

  it('may be any UTF-8', () => {
    expect(extensionNameOf(utf8ByteString('grün.raw'), SYSEXT)).toBe(utf8ByteString('grün'));
    expect(isImageName('x'.repeat(256))).toBe(false);
  });
});

describe('the name of an image for systemd-dissect', () => {
  it.each([
    ['a.raw', 'a'],
    ['a.sysext.raw', 'a'],
    ['a.confext.raw', 'a'],
    ['a.raw.xz', 'a'],
    ['a.raw.gz.bz2', 'a'],
    ['a.img', 'a'],
    ['a.bin.qcow2', 'a'],
    ['a.sysext', 'a.sysext'],
    ['a', 'a'],
  ])('%s is %s', (file, name) => {
    expect(dissectedNameOf(file)).toBe(name);
  });

  it.each(['.raw', '.raw.gz', '.#a.raw'])('%j has none', (file) => {
    expect(dissectedNameOf(file)).toBeUndefined();
  });
});

describe('the name without version', () => {
  it.each([
    ['foo_1.2', 'foo'],
    ['foo+3', 'foo'],
    ['foo-1.2', 'foo-1.2'],
    ['foo_1+2', 'foo'],
    ['foo.raw', 'foo'],
    ['foo_1.sysext.raw', 'foo'],
  ])('of %s is %s', (name, base) => {
    expect(baseNameOf(name)).toBe(base);
  });

  it.each(['_1', '+1', '._'])('of %j is none', (name) => {
    expect(baseNameOf(name)).toBeUndefined();
  });
});
